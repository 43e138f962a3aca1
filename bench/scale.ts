/**
 * Measures the throughput of one core, and the CPU time per request of
 * 1, 2 and 4 API processes on one database.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import { databaseUrl } from '../scripts/test/databases.js'
import { openBenchDatabase } from './audit/database.js'
import { CLIENTS, createAccounts } from './lib/accounts.js'
import { median } from './lib/compare.js'
import { startCpuStopwatch } from './lib/cpu.js'
import type { Target } from './lib/load.js'
import { backendsOf } from './lib/servers.js'
import { type Member, measureShare, type Share, startMember, stopMember } from './lib/spread.js'

const ROUNDS = Number(process.env.ROUNDS ?? 3)
const COUNTS = [1, 2, 4]
const MOST = Math.max(...COUNTS)
const WINDOW_MS = 700
const IDLE_MS = 2000
/** For each process and target, so that the code is compiled before it is measured. */
const WARM_UP_REQUESTS = 2000

const TARGETS: Target[] = [
  { method: 'GET', path: '/api/v1/me' },
  { method: 'GET', path: '/api/v1/users?limit=50' },
  {
    method: 'PATCH',
    path: '/api/v1/me',
    bodies: [JSON.stringify({ firstName: 'Augusta' }), JSON.stringify({ firstName: 'Ada' })],
  },
]

const database = await openBenchDatabase()
const admin = postgres(databaseUrl(database.adminUrl, 'postgres'), { max: 1, onnotice: () => {} })
const folder = mkdtempSync(join(tmpdir(), 'groundwork-bench-'))
const members: Member[] = []
try {
  const accounts = await createAccounts(database.ownerUrl, 'super_admin', MOST * CLIENTS)
  while (members.length < MOST) {
    const own = accounts.slice(members.length * CLIENTS, (members.length + 1) * CLIENTS)
    members.push(await startMember(database.appUrl, folder, own))
  }
  for (const member of members) for (const target of TARGETS) await warmUp(member, target)
  const connections = (await backendsOf(admin, database.appUrl)).length / MOST
  console.log(`Node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`)
  console.log(
    `each process: ${connections} connections to PostgreSQL; idle, ${await idleMs()} ms of CPU a second`,
  )
  for (const target of TARGETS) await compareCounts(target)
  for (const target of TARGETS) await measureOneCore(target)
  console.log(`load at the end: ${loadavg()[0]?.toFixed(1)}`)
} finally {
  await Promise.all(members.map(stopMember))
  await admin.end()
  await database.close()
  rmSync(folder, { recursive: true })
}

async function measure(target: Target, measured: readonly Member[]): Promise<Share> {
  const backends = await backendsOf(admin, database.appUrl)
  return measureShare({ members: measured, backends, target, ms: WINDOW_MS })
}

async function warmUp(member: Member, target: Target): Promise<void> {
  for (let done = 0; done < WARM_UP_REQUESTS; )
    done += ((await measure(target, [member])).perSecond * WINDOW_MS) / 1000
}

/** The CPU time of a process without requests: its heartbeat and timers. */
async function idleMs(): Promise<string> {
  const cpu = startCpuStopwatch(members.flatMap(({ server }) => server.pids))
  await delay(IDLE_MS)
  return (cpu.elapsedUs() / MOST / IDLE_MS).toFixed(1)
}

/**
 * Measures 1, 2, 4, 4, 2, 1 processes, so that changes in the speed of the
 * machine affect them equally. The others stay idle.
 */
async function compareCounts(target: Target): Promise<void> {
  const shares = new Map(COUNTS.map((count) => [count, [] as Share[]]))
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const count of [...COUNTS, ...COUNTS.toReversed()])
      shares.get(count)?.push(await measure(target, members.slice(0, count)))
  }
  console.log(
    `\n${target.method} ${target.path}: ${CLIENTS} clients of each, medians of ${2 * ROUNDS} windows`,
  )
  console.table(COUNTS.map((count) => ({ processes: count, ...figuresOf(shares.get(count) ?? []) })))
}

/** Measures one process alone on the first core, with everything else on the other cores. */
async function measureOneCore(target: Target): Promise<void> {
  const [first] = members
  if (!first || availableParallelism() < 2) return
  const others = `1-${availableParallelism() - 1}`
  for (const pid of first.server.pids) pin(pid, '0')
  pin(Number(first.load.pid), others)
  for (const pid of await backendsOf(admin, database.appUrl)) pin(pid, others)
  const shares: Share[] = []
  for (let round = 0; round < 2 * ROUNDS; round += 1) shares.push(await measure(target, [first]))
  const busy = median(shares.map(({ perSecond, serverUs }) => (perSecond * serverUs) / 1e4))
  const { 'requests a second': measured, 'API, CPU µs a request': serverUs } = figuresOf(shares)
  console.log(
    `${target.method} ${target.path}, the process alone on a core: ${measured} requests a second with ${Math.round(busy)} % of it; ${serverUs} µs a request, so ${Math.round(1e6 / serverUs)} with all of it`,
  )
}

function pin(pid: number, cores: string): void {
  execFileSync('taskset', ['-a', '-c', '-p', cores, String(pid)], { stdio: 'ignore' })
}

function figuresOf(shares: readonly Share[]) {
  const middle = (figure: (share: Share) => number) => Math.round(median(shares.map(figure)))
  return {
    'requests a second': middle(({ perSecond }) => perSecond),
    'API, CPU µs a request': middle(({ serverUs }) => serverUs),
    'database, CPU µs a request': middle(({ backendsUs }) => backendsUs),
    'load, CPU µs a request': middle(({ loadUs }) => loadUs),
  }
}
