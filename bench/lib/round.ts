import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { loadavg } from 'node:os'
import { type Figures, type Goal, goals } from '../goals.js'
import { type Message, NODE_MAJOR } from './figures.js'
import { readResults, recordResults } from './results.js'
import { formatTable, missed } from './table.js'

export type RoundOptions = {
  /** Makes the figures those of the last release, in `bench/results.json`. Default: false. */
  isRecorded: boolean
  /** Ends with exit code 1 when a goal is missed. Default: false. */
  isCheck: boolean
}

/** Measures everything that has a goal, one after the other, each in a process of its own. Prints one table. */
export async function runRound({ isRecorded, isCheck }: RoundOptions): Promise<void> {
  const now: Figures = {}
  const failures: string[] = []
  const short = (Object.values(goals) as Goal[]).filter(({ isLong }) => !isLong)
  for (const name of new Set(short.map(({ bench }) => bench))) {
    const startedAt = performance.now()
    process.stderr.write(`${name} … `)
    const reason = await measure(name, now)
    process.stderr.write(`${Math.round((performance.now() - startedAt) / 1000)} s\n`)
    if (reason !== undefined) failures.push(`${name} did not finish: ${reason}`)
  }
  const last = readResults()[NODE_MAJOR]
  console.log(`\n${formatTable(NODE_MAJOR, now, last)}\n`)
  console.log(
    `now: Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}. A dash: not measured in a quick round.`,
  )
  if (last) console.log(`last release: ${last.release}, ${last.date}, Node ${last.node}, ${last.machine}`)
  for (const failure of failures) console.log(failure)
  if (isRecorded) recordResults(NODE_MAJOR, now)
  if (isCheck && (failures.length > 0 || missed(NODE_MAJOR, now).length > 0)) process.exitCode = 1
}

/** Returns why the measurement did not finish, if it did not. */
async function measure(name: string, now: Figures): Promise<string | undefined> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bench/run.ts', name], {
    env: { ...process.env, BENCH_SIZE: 'quick' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let errors = ''
  child.stderr?.on('data', (chunk) => {
    errors += chunk
  })
  child.on('message', ({ figure, value }: Message) => {
    now[figure] = value
  })
  const [code] = await once(child, 'close')
  if (code === 0) return undefined
  return errors.match(/^\w*Error.*$/m)?.[0] ?? errors.trim().split('\n').at(-1) ?? `exit code ${code}`
}
