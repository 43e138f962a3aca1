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
import { compareInTurn, type Figures, median, type Side, warmUp } from './compare.js'
import type { Target } from './load.js'

export type Scenario = Target & {
  role: UserRole
  /** SQL that removes from the bare side's database what that side does without. */
  strip?: string
  wanted: { cpu: string; perSecond: string; cpuOfExpert?: string }
}

/** The bare server does the same without duties. The expert's has the same duties, written for this one route. */
type Name = 'ours' | 'bare' | 'expert'
type Sides<T> = { ours: T; bare: T; expert?: T }

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
      ...(scenario.wanted.cpuOfExpert !== undefined && {
        expert: await copyDatabase(admin, database, 'expert'),
      }),
    }
    const turns: Sides<Figures>[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      turns.push(...(await runRound({ scenario, accounts, urls, admin, folder, load })))
    }
    report(scenario, turns)
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

/** Starts all sides anew: a process that has been warm for minutes performs differently. */
async function runRound({ scenario, accounts, urls, admin, folder, load }: Round): Promise<Sides<Figures>[]> {
  const servers = { ours: startOurs(urls.ours, folder), bare: startOther('server', urls.bare) }
  const origins = { ours: await originOf(servers.ours), bare: await originOf(servers.bare) }
  const { method, path, bodies = [] } = scenario
  const type = bodies.length > 0 && { 'content-type': 'application/json' }
  const clients = (await signIn(origins.ours, accounts)).map((headers) => ({ ...headers, ...type }))
  const sideOf = async (url: string, server: ChildProcess, origin: string): Promise<Side> => {
    const side = { method, path, bodies, clients, origin, server: Number(server.pid), backends: [] }
    await warmUp(load, side, WARM_UP_REQUESTS)
    return { ...side, backends: await backendsOf(admin, url) }
  }
  const sides: Sides<Side> = {
    ours: await sideOf(urls.ours, servers.ours, origins.ours),
    bare: await sideOf(urls.bare, servers.bare, origins.bare),
  }
  const running: ChildProcess[] = [servers.ours, servers.bare]
  if (urls.expert !== undefined) {
    const more = { LOG_FILE_PATH: join(folder, 'expert.log'), OURS: origins.ours }
    const expert = startOther('expert', urls.expert, more)
    running.push(expert)
    sides.expert = await sideOf(urls.expert, expert, await originOf(expert))
  }
  const turns: Sides<Figures>[] = []
  for (let i = 0; i < PAIRS; i += 1)
    turns.push((await compareInTurn(load, sides as Record<Name, Side>)) as Sides<Figures>)
  await Promise.all(running.map(stop))
  return turns
}

const originOf = async (server: ChildProcess): Promise<string> =>
  (await nextMessage<{ ready: string }>(server)).ready

const startOther = (file: string, url: string, env: NodeJS.ProcessEnv = {}): ChildProcess =>
  start([`bench/bare/${file}.js`], { DATABASE_URL: url, ...env })

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

function report({ method, path, wanted }: Scenario, turns: readonly Sides<Figures>[]): void {
  const figuresOf = (name: Name, figure: (side: Figures) => number) =>
    turns.map((turn) => figure(turn[name] as Figures))
  const show = (name: Name) => ({
    'server, CPU µs a request': Math.round(median(figuresOf(name, ({ serverUs }) => serverUs))),
    'database, CPU µs a request': Math.round(median(figuresOf(name, ({ backendsUs }) => backendsUs))),
    'requests a second': Math.round(median(figuresOf(name, ({ perSecond }) => perSecond))),
  })
  const ratio = (figure: (side: Figures) => number, to: Name = 'bare') => {
    const others = figuresOf(to, figure)
    return median(figuresOf('ours', figure).map((ours, i) => ours / (others[i] as number))).toFixed(2)
  }
  const cpuOf = ({ serverUs, backendsUs }: Figures) => serverUs + backendsUs
  const names: Name[] = wanted.cpuOfExpert === undefined ? ['ours', 'bare'] : ['ours', 'bare', 'expert']
  console.log(
    `${method} ${path}, Node ${process.version}, medians of ${turns.length} turns in ${ROUNDS} rounds`,
  )
  console.table(Object.fromEntries(names.map((name) => [name, show(name)])))
  console.log(`CPU a request: ${ratio(cpuOf)} times the bare server's (at most ${wanted.cpu})`)
  if (wanted.cpuOfExpert !== undefined)
    console.log(`CPU a request: ${ratio(cpuOf, 'expert')} times the expert's (at most ${wanted.cpuOfExpert})`)
  console.log(
    `requests a second: ${ratio(({ perSecond }) => perSecond)} times (at least ${wanted.perSecond})`,
  )
}
