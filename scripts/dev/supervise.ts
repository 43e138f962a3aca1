// No library serves: `node --watch` runs one program, and cannot start another when that is ready. Neither
// can nodemon or concurrently.
import { once } from 'node:events'
import type { Changes } from './changes.js'
import type { Listener } from './listener.js'
import { isLoaded, isOfUpperFloors, readLoadedFiles } from './loaded-files.js'
import type { Program } from './programs.js'
import { Runner } from './runner.js'

type OnReady = (address: string) => Promise<void>

type Options = {
  programs: readonly Program[]
  env: NodeJS.ProcessEnv
  listener: Listener
  changes: Promise<Changes>
  stop: AbortSignal
  /** Called with the URL of the API each time all programs are ready. */
  onReady: OnReady
}

/**
 * Runs the programs until `stop` is aborted, and restarts those that a change affects. When a program ends
 * by itself, waits for a change that fixes it. If that happens before all programs were ready once, stops
 * everything and returns its exit code.
 */
export async function supervise({
  programs,
  env,
  listener,
  changes,
  stop,
  ...options
}: Options): Promise<number> {
  const end = new AbortController()
  stop.addEventListener('abort', () => end.abort())
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
  const runners = programs.map((program) => new Runner(program, { env, listener, onEnd }))
  try {
    await runUntil(end.signal, runners, changes, onReady)
  } finally {
    await Promise.all(runners.map((runner) => runner.stop()))
  }
  return stop.aborted ? 0 : exitCode
}

async function runUntil(
  end: AbortSignal,
  runners: readonly Runner[],
  changes: Promise<Changes>,
  onReady: OnReady,
): Promise<void> {
  const ended = once(end, 'abort').then(() => undefined)
  let affected = runners
  for (;;) {
    const failed: Promise<never> = restart(runners, affected).then(onReady).then(forever)
    const change = await Promise.race([nextChange(runners, await changes), ended, failed])
    if (!change) return
    affected = change.affected
    const names = affected.map(({ program }) => `the ${program.name}`).join(' and ')
    console.log(`${change.file} has changed: restarting ${names}`)
    if (!change.isOfUpperFloors) for (const runner of affected) runner.discardSpare()
  }
}

/** Waits for a change that affects programs. Any change is another chance for one that does not run. */
async function nextChange(runners: readonly Runner[], changes: Changes) {
  const loaded = readLoadedFiles(runners.map(({ program }) => program))
  for (;;) {
    const files = await changes.next()
    const loadedFile = (program: Program) => files.find((file) => isLoaded(file, loaded.get(program)))
    const affected = runners.filter(({ program, isRunning }) => !isRunning || loadedFile(program))
    const file = runners.map(({ program }) => loadedFile(program)).find(Boolean) ?? files[0]
    if (affected.length > 0) return { file, affected, isOfUpperFloors: files.every(isOfUpperFloors) }
  }
}

/** Each starts when the one before it is ready. Resolves with the URL of the API when all are. */
async function restart(runners: readonly Runner[], affected: readonly Runner[]): Promise<string> {
  let before: Promise<unknown> = Promise.resolve()
  for (const runner of runners) {
    if (affected.includes(runner)) runner.restart(before)
    before = runner.ready
  }
  const addresses = await Promise.all(runners.map(({ ready }) => ready))
  return addresses.find((address) => address !== '') ?? ''
}

const forever = () => new Promise<never>(() => {})
