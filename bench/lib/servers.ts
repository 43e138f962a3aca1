import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { databaseUrl } from '../../scripts/test/databases.js'
import type { UserRole } from '../../src/lib/auth/roles.js'
import { openBenchDatabase } from '../audit/database.js'
import { type Account, createAccounts, signIn } from './accounts.js'
import { nextMessage, start, stop } from './child.js'
import { comparePair, type Figures, median, type Pair, type Side, warmUp } from './compare.js'
import type { Target } from './load.js'

export type Scenario = Target & {
  role: UserRole
  /** SQL that removes from the bare side's database what that side does without. */
  strip?: string
  wanted: { cpu: string; perSecond: string }
}

type Sides<T> = { ours: T; bare: T }

const ROUNDS = Number(process.env.ROUNDS ?? 5)
/** In requests, not in time: on a busy machine a time would end before everything is compiled. */
const WARM_UP_REQUESTS = 8000
const PAIRS = 8

/**
 * Compares the built server with a bare one that has the same responses: CPU time and requests per second.
 */
export async function compareServers(scenario: Scenario): Promise<void> {
  const database = await openBenchDatabase()
  const admin = postgres(databaseUrl(database.adminUrl, 'postgres'), { max: 1, onnotice: () => {} })
  const folder = mkdtempSync(join(tmpdir(), 'groundwork-bench-'))
  const load = start(['--import', 'tsx', 'bench/lib/load.ts'])
  try {
    const accounts = await createAccounts(database.ownerUrl, scenario.role)
    const urls = {
      ours: await copyDatabase(admin, database, 'ours'),
      bare: await copyDatabase(admin, database, 'bare', scenario.strip),
    }
    const pairs: Pair[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      pairs.push(...(await runRound({ scenario, accounts, urls, admin, folder, load })))
    }
    report(scenario, pairs)
  } finally {
    await stop(load)
    await admin.end()
    await database.close()
    rmSync(folder, { recursive: true })
  }
}

/** Copies the database for one side, so that its backends can be identified. */
async function copyDatabase(
  admin: postgres.Sql,
  { adminUrl, ownerUrl, appUrl }: { adminUrl: string; ownerUrl: string; appUrl: string },
  side: string,
  strip?: string,
): Promise<string> {
  const original = decodeURIComponent(new URL(ownerUrl).pathname.slice(1))
  const name = `${original}_${side}`
  const owner = decodeURIComponent(new URL(ownerUrl).username)
  await admin`create database ${admin(name)} template ${admin(original)} owner ${admin(owner)}`
  if (strip) {
    const sql = postgres(databaseUrl(adminUrl, name), { max: 1 })
    await sql.unsafe(strip)
    await sql.end()
  }
  return databaseUrl(appUrl, name)
}

type Round = {
  scenario: Scenario
  accounts: readonly Account[]
  urls: Sides<string>
  admin: postgres.Sql
  folder: string
  load: ReturnType<typeof start>
}

/** Starts both sides anew: a process that has been warm for minutes performs differently. */
async function runRound({ scenario, accounts, urls, admin, folder, load }: Round): Promise<Pair[]> {
  const servers = {
    ours: startOurs(urls.ours, folder),
    bare: start(['bench/bare/server.js'], { DATABASE_URL: urls.bare }),
  }
  const [{ ready: oursOrigin }, { ready: bareOrigin }] = await Promise.all([
    nextMessage<{ ready: string }>(servers.ours),
    nextMessage<{ ready: string }>(servers.bare),
  ])
  const { method, path, bodies = [] } = scenario
  const type = bodies.length > 0 && { 'content-type': 'application/json' }
  const clients = (await signIn(oursOrigin, accounts)).map((headers) => ({ ...headers, ...type }))
  const side = (name: 'ours' | 'bare', origin: string): Side => {
    return { method, path, bodies, clients, origin, server: Number(servers[name].pid), backends: [] }
  }
  const [ours, bare] = [side('ours', oursOrigin), side('bare', bareOrigin)]
  for (const cold of [ours, bare]) await warmUp(load, cold, WARM_UP_REQUESTS)

  ours.backends = await backendsOf(admin, urls.ours)
  bare.backends = await backendsOf(admin, urls.bare)
  const pairs: Pair[] = []
  for (let i = 0; i < PAIRS; i += 1) pairs.push(await comparePair(load, ours, bare))
  await Promise.all([stop(servers.ours), stop(servers.bare)])
  return pairs
}

/** Starts the built server with its log in a file, and without limits that would refuse a request. */
export const startOurs = (url: string, folder: string): ChildProcess =>
  start(['dist/server.js'], oursEnv(url, folder))

export const oursEnv = (url: string, folder: string): NodeJS.ProcessEnv => ({
  NODE_ENV: 'test',
  CONFIG_FILE: 'off',
  DATA_DIR: folder,
  DATABASE_URL: url,
  LOG_FILE_PATH: join(folder, 'app.log'),
  PORT: '0',
  PUBLIC_URL: 'http://bench.localhost',
  RATE_LIMIT: 'off',
  // Requests must not be refused on a busy machine.
  QUEUE_TIMEOUT_MS: '60000',
})

export async function backendsOf(admin: postgres.Sql, url: string): Promise<number[]> {
  const database = decodeURIComponent(new URL(url).pathname.slice(1))
  const rows = await admin<{ pid: number }[]>`select pid from pg_stat_activity where datname = ${database}`
  return rows.map(({ pid }) => pid)
}

function report({ method, path, wanted }: Scenario, pairs: readonly Pair[]): void {
  const show = (side: 'ours' | 'bare') => ({
    'server, CPU µs a request': Math.round(median(pairs.map((pair) => pair[side].serverUs))),
    'database, CPU µs a request': Math.round(median(pairs.map((pair) => pair[side].backendsUs))),
    'requests a second': Math.round(median(pairs.map((pair) => pair[side].perSecond))),
  })
  const ratio = (figure: (side: Figures) => number) =>
    median(pairs.map(({ ours, bare }) => figure(ours) / figure(bare))).toFixed(2)
  const cpu = ratio(({ serverUs, backendsUs }) => serverUs + backendsUs)
  console.log(
    `${method} ${path}, Node ${process.version}, medians of ${pairs.length} pairs in ${ROUNDS} rounds`,
  )
  console.table({ ours: show('ours'), bare: show('bare') })
  console.log(`CPU a request: ${cpu} times (at most ${wanted.cpu})`)
  console.log(
    `requests a second: ${ratio(({ perSecond }) => perSecond)} times (at least ${wanted.perSecond})`,
  )
}
