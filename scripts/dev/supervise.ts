import { once } from 'node:events'
import type { Changes } from './changes.js'
import type { Program } from './programs.js'
import { startAll } from './start-all.js'

type Options = {
  programs: readonly Program[]
  env: NodeJS.ProcessEnv
  changes: Promise<Changes>
  stop: AbortSignal
  /** Called with the address of a program that listens, each time it has started to. */
  onListening: (address: string) => Promise<void>
}

/**
 * Runs the programs until `stop` is aborted, and starts them again when a file has changed. A program that ends by itself
 * waits for the change that mends it; only before all of them were ready once does its end, and its exit code, end all.
 */
export async function supervise({ changes, stop, ...options }: Options): Promise<number> {
  const end = new AbortController()
  stop.addEventListener('abort', () => end.abort())
  const ended = once(end.signal, 'abort').then(() => undefined)
  let wereReady = false
  let exitCode = 0
  const onReady = () => {
    wereReady = true
  }
  const onEnd = ({ name }: Program, code: number) => {
    if (wereReady) return console.log(`The ${name} has ended with exit code ${code}: waiting for a change`)
    exitCode = code
    end.abort()
  }
  while (!stop.aborted && !end.signal.aborted) {
    const running = startAll({ ...options, onReady, onEnd })
    try {
      const changed = await Promise.race([changes.then(({ next }) => next()), ended, running.failed])
      if (changed !== undefined) console.log(`${changed} has changed: restarting`)
    } finally {
      await running.stop()
    }
  }
  return stop.aborted ? 0 : exitCode
}
