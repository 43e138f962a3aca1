/**
 * Measures how ten thousand idle connections, an overloaded event loop and slow clients affect other clients.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { databaseUrl, openTestDatabases } from '../scripts/test/databases.js'
import { createDatabaseClient } from '../src/db/driver/client.js'
import { createUser } from '../src/db/queries/accounts/users.js'
import { hashPassword } from '../src/lib/auth/passwords.js'
import { clientOptions } from '../test/helpers/audit.js'
import { nextMessage, start, stop } from './lib/child.js'
import { report } from './lib/figures.js'
import type { Flood, Idle, Slow, Task } from './overload/clients.js'

const CREDENTIALS = { email: 'ada@example.com', password: 'a long and quiet sentence' }
const IDLE_CONNECTIONS = 10_000
const FLOOD = { connections: 2000, ms: 5000 }
const SLOW = { connections: 500, ms: 15_000 }
const SLOW_TIMEOUT_SECONDS = 5
const PROBES = 500

const files = mkdtempSync(`${tmpdir()}/groundwork-bench-`)
const { databases, close } = await openTestDatabases(process.env.DATABASE_URL)
const server = start(['dist/server.js'], {
  NODE_ENV: 'test',
  CONFIG_FILE: 'off',
  DATA_DIR: files,
  DATABASE_URL: databaseUrl(databases.appUrl, databases.template),
  LOG_FILE_PATH: 'off',
  PORT: '0',
  RATE_LIMIT: 'off',
  // As in production.
  EVENT_LOOP_DELAY_LIMIT_MS: '250',
  QUEUE_TIMEOUT_MS: '900',
  REQUEST_TIMEOUT_SECONDS: String(SLOW_TIMEOUT_SECONDS),
})
const clients = start(['--import', 'tsx', 'bench/overload/clients.ts'])
try {
  await addUser()
  const { ready: origin } = await nextMessage<{ ready: string }>(server)
  const headers = { authorization: `Bearer ${await signIn(origin)}` }
  const port = Number(new URL(origin).port)
  const ask = async () => {
    const answer = await fetch(`${origin}/api/v1/me`, { headers })
    await answer.arrayBuffer()
    return answer.status
  }
  console.log(`Node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`)
  await idle(port, ask)
  await slow(port)
  await flood(origin, port, ask)
} finally {
  await Promise.all([stop(clients), stop(server)])
  await close()
  rmSync(files, { recursive: true })
}

async function addUser(): Promise<void> {
  const client = createDatabaseClient(clientOptions(databaseUrl(databases.ownerUrl, databases.template), 1))
  const passwordHash = await hashPassword(CREDENTIALS.password)
  await createUser(client.db, { ...CREDENTIALS, firstName: 'Ada', lastName: 'Lovelace', passwordHash })
  await client.close()
}

async function signIn(origin: string): Promise<string> {
  const response = await fetch(`${origin}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(CREDENTIALS),
  })
  return ((await response.json()) as { accessToken: string }).accessToken
}

function send<T>(task: Task): Promise<T> {
  clients.send(task)
  return nextMessage<T>(clients)
}

/**
 * Measures without the connections, with them, and without them again, to notice other load on the machine.
 */
async function idle(port: number, ask: () => Promise<number>): Promise<void> {
  await percentiles(ask)
  const before = await percentiles(ask)
  const emptyKib = residentKib()
  const { open } = await send<Idle>({ kind: 'idle', port, connections: IDLE_CONNECTIONS })
  const fullKib = residentKib()
  const beside = await percentiles(ask)
  await send<Idle>({ kind: 'idle', port, connections: 0 })
  const after = await percentiles(ask)
  console.log(`GET /me, ms: alone, beside ${open} idle connections alone again`)
  console.table({ before, beside, after })
  report('besideIdle', beside.p99)
  console.log(`memory of a connection: ${((fullKib - emptyKib) / open).toFixed(1)} KiB`)
}

function residentKib(): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8')) ?? []
  return Number(kib)
}

async function percentiles(ask: () => Promise<number>) {
  const times: number[] = []
  for (let i = 0; i < PROBES; i += 1) {
    const startedAt = performance.now()
    const status = await ask()
    if (status !== 200) throw new Error(`answered ${status}`)
    times.push(performance.now() - startedAt)
  }
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => Number(sorted[Math.floor(share * PROBES)]?.toFixed(1))
  return { p50: at(0.5), p99: at(0.99) }
}

async function slow(port: number): Promise<void> {
  const { closed, lastMs } = await send<Slow>({ kind: 'slow', port, ...SLOW })
  report('slowClients', (closed / SLOW.connections) * 100)
  console.log(
    `slow headers and bodies: ${closed} of ${SLOW.connections} closed, the last after ${Math.round(lastMs)} ms ` +
      `(REQUEST_TIMEOUT_SECONDS ${SLOW_TIMEOUT_SECONDS})`,
  )
}

async function flood(origin: string, port: number, ask: () => Promise<number>): Promise<void> {
  const end = new AbortController()
  const watching = watchHealth(origin, end.signal)
  const { answers, shed, firstShedMs } = await send<Flood>({ kind: 'flood', port, ...FLOOD })
  const endedAt = performance.now()
  while ((await ask()) !== 200) await delay(10)
  const recoveredMs = performance.now() - endedAt
  const later = []
  for (let i = 0; i < PROBES; i += 1) later.push(await ask())
  end.abort()
  const health = await watching
  console.log(
    `${FLOOD.connections} connections that send requests without a pause, for ${FLOOD.ms} ms: ${answers} answers, ${shed} of them 503`,
  )
  if (firstShedMs !== null) report('firstRefusal', firstShedMs)
  report('recovery', recoveredMs)
  console.log(`then ${later.filter((status) => status !== 200).length} of ${PROBES} refused`)
  const slowest = Math.max(...health.map(({ ms }) => ms))
  console.log(
    `/healthz: ${health.filter(({ status }) => status === 200).length} of ${health.length} answered with 200, within ${slowest.toFixed(0)} ms`,
  )
}

async function watchHealth(origin: string, end: AbortSignal) {
  const health: { status: number; ms: number }[] = []
  while (!end.aborted) {
    const startedAt = performance.now()
    const status = await fetch(`${origin}/healthz`).then(
      (response) => response.status,
      () => 0,
    )
    health.push({ status, ms: performance.now() - startedAt })
    await delay(100)
  }
  return health
}
