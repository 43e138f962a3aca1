import type { WriteStream } from 'node:tty'

const WIDTH = 30
const MIN_INTERVAL_MS = 100
const CLEAR_LINE = '\r\u001B[K'

/** A progress bar in one line of the terminal. `isShown` is false when the stream is not a terminal. */
export function createProgressBar(stream: WriteStream) {
  let shownAt = 0
  const clear = () => {
    if (stream.isTTY && shownAt > 0) stream.write(CLEAR_LINE)
  }
  const show = (done: number, total: number) => {
    const now = performance.now()
    if (now - shownAt < MIN_INTERVAL_MS) return
    shownAt = now
    const share = total === 0 ? 1 : Math.min(1, done / total)
    const bar = '█'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '░')
    stream.write(`${CLEAR_LINE}${bar} ${Math.floor(share * 100)} % of ${total}`)
  }
  return { isShown: stream.isTTY, show, clear }
}
