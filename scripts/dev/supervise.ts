// No library serves: `node --watch` runs one program, and cannot start another when that is ready. Neither
// can nodemon or concurrently.
import { once } from 'node:events'
import type { Changes } from './changes.js'
import type { Program } from './programs.js'
import { startAll } from './start-all.js'

type Options = {
  programs: readonly Program[]
  env: NodeJS.ProcessEnv
  changes: Promise<Changes>
  stop: AbortSignal
  /** Called with the URL of the API each time all programs are ready. */
  onReady: (address: string) => Promise<void>
}

/**
 * Runs the programs until `stop` is aborted, and restarts them when a file changes. When a program ends by
 * itself, waits for a change that fixes it. If that happens before all programs were ready once, stops
 * everything and returns its exit code.
 */
export async function supervise({ changes, stop, ...options }: Options): Promise<number> {
  const end = new AbortController()
  stop.addEventListener('abort', () => end.abort())
  const ended = once(end.signal, 'abort').then(() => undefined)
  let wereReady = false
  let exitCode = 0
  const onReady = (address: string) => {
    wereReady = true
    return options.onReady(address)
  }
  const onEnd = ({ name }: Program, code: number) => {
    if (wereReady) return console.log(`The ${name} ended with exit code ${code}: waiting for a change`)
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
