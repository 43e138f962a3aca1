import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { keepUntilExit, nextMessage, start, stop } from '../lib/child.js'
import { oursEnv } from '../lib/programs.js'

export type ProgramName = 'server' | 'worker'
export type ProgramOptions = { url: string; folder: string }
export type ReadyTimes = { seconds: number; cpuSeconds: number }

/** Starts the API or the worker from the build. Resolves when it is ready. */
export async function launch(
  name: ProgramName,
  { url, folder }: ProgramOptions,
  env: NodeJS.ProcessEnv = {},
): Promise<{ child: ChildProcess; origin: string }> {
  const child = start([`dist/${name}.js`], { ...oursEnv(url, folder), ...env })
  const { ready } = await nextMessage<{ ready: string }>(child)
  return { child, origin: ready }
}

export async function startProgram(name: ProgramName, options: ProgramOptions): Promise<ReadyTimes> {
  const startedAt = performance.now()
  const { child } = await launch(name, options)
  const times = timesOf(startedAt, [Number(child.pid)])
  await stop(child)
  return times
}

/** A line of the last that `npm run dev` prints when all programs are ready. */
const IS_READY = /API +http:/

/** Starts `npm run dev` with its own database in this directory. The time of PostgreSQL counts, too. */
export async function startDev(dataDir: string): Promise<ReadyTimes> {
  const startedAt = performance.now()
  const { PATH, HOME, TMPDIR } = process.env
  const env = { PATH, HOME, TMPDIR, CONFIG_FILE: 'off', DATA_DIR: dataDir, LOG_FILE_PATH: 'off', PORT: '0' }
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/dev.ts'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  keepUntilExit(child)
  let output = ''
  child.stdout.setEncoding('utf8')
  while (!IS_READY.test(output)) {
    const [chunk] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
    if (typeof chunk !== 'string') throw new Error(`npm run dev ended with ${chunk}`)
    output += chunk
  }
  const times = timesOf(startedAt, familyOf(Number(child.pid)))
  await stop(child)
  return times
}

function timesOf(startedAt: number, pids: readonly number[]): ReadyTimes {
  return { seconds: (performance.now() - startedAt) / 1000, cpuSeconds: cpuSecondsOf(pids) }
}

/** Since each of these processes began. */
const cpuSecondsOf = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => {
    const threads = readdirSync(`/proc/${pid}/task`)
    const ns = threads.map((id) =>
      Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]),
    )
    return sum + ns.reduce((a, b) => a + b, 0) / 1e9
  }, 0)

/** The process and all that it has started. */
function familyOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  return [pid, ...children.flatMap((child) => familyOf(Number(child)))]
}
