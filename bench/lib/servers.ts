import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { databaseUrl } from '../../scripts/test/databases.js'
import type { UserRole } from '../../src/lib/auth/roles.js'
import { openBenchDatabase } from '../audit/database.js'
import type { FigureName } from '../goals.js'
import { type Account, createAccounts, signIn } from './accounts.js'
import { start, stop } from './child.js'
import { compareInTurn, type Figures, median, type Side, warmUp } from './compare.js'
import { isQuick, report, roundsOf } from './figures.js'
import type { Target } from './load.js'
import { type Other, type Running, startOther, startOurs } from './programs.js'

export type Scenario = Target & {
  role: UserRole
  /** Servers that ours is compared with. */
  others: readonly Other[]
  /** SQL that removes from the bare side's database what that side does without. */
  strip?: string
  /** The CPU time against the bare server's and the expert's, and the requests a second against the bare server's. */
  figures: Partial<Record<'cpu' | 'expert' | 'perSecond', FigureName>>
}

type Name = 'ours' | Other
type Turn = Partial<Record<Name, Figures>>

const ROUNDS = roundsOf({ usual: 5, quick: 2 })
/** In requests, not in time: on a busy machine a time would end before everything is compiled. */
const WARM_UP_REQUESTS = 8000
const TURNS = isQuick ? 5 : 8

/** Compares the built server with others that have the same responses: CPU time and requests per second. */
export async function compareServers(scenario: Scenario): Promise<void> {
  const database = await openBenchDatabase()
  const admin = postgres(databaseUrl(database.adminUrl, 'postgres'), { max: 1, onnotice: () => {} })
  const folder = mkdtempSync(join(tmpdir(), 'groundwork-bench-'))
  const load = start(['--import', 'tsx', 'bench/lib/load.ts'])
  try {
    const accounts = await createAccounts(database.ownerUrl, scenario.role)
    const urls = new Map<Name, string>()
    for (const name of ['ours', ...scenario.others] as const)
      urls.set(name, await copyDatabase(admin, database, name, name === 'bare' ? scenario.strip : undefined))
    const turns: Turn[] = []
    for (let round = 0; round < ROUNDS; round += 1)
      turns.push(...(await runRound({ scenario, accounts, urls, admin, folder, load })))
    reportTurns(scenario, turns)
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
  urls: ReadonlyMap<Name, string>
  admin: postgres.Sql
  folder: string
  load: ReturnType<typeof start>
}

/** Starts all sides anew: a process that has been warm for minutes performs differently. */
async function runRound({ scenario, accounts, urls, admin, folder, load }: Round): Promise<Turn[]> {
  const { method, path, bodies = [], others } = scenario
  const ours = await startOurs(urls.get('ours') ?? '', folder)
  const running = new Map<Name, Running>([['ours', ours]])
  for (const name of others) {
    const options = { url: urls.get(name) ?? '', folder, ours: ours.origin }
    running.set(name, await startOther(name, options))
  }
  const type = bodies.length > 0 && { 'content-type': 'application/json' }
  const clients = (await signIn(ours.origin, accounts)).map((headers) => ({ ...headers, ...type }))
  const sides: Partial<Record<Name, Side>> = {}
  for (const [name, { origin, pids }] of running) {
    const side = { method, path, bodies, clients, origin, server: pids, backends: [] }
    await warmUp(load, side, WARM_UP_REQUESTS)
    sides[name] = { ...side, backends: await backendsOf(admin, urls.get(name) ?? '') }
  }
  const turns: Turn[] = []
  for (let i = 0; i < TURNS; i += 1) turns.push(await compareInTurn(load, sides as Record<Name, Side>))
  await Promise.all([...running.values()].map((each) => each.stop()))
  return turns
}

export async function backendsOf(admin: postgres.Sql, url: string): Promise<number[]> {
  const database = decodeURIComponent(new URL(url).pathname.slice(1))
  const rows = await admin<{ pid: number }[]>`select pid from pg_stat_activity where datname = ${database}`
  return rows.map(({ pid }) => pid)
}

const cpuOf = ({ serverUs, backendsUs }: Figures): number => serverUs + backendsUs
const perSecondOf = ({ perSecond }: Figures): number => perSecond

function reportTurns({ method, path, others, figures }: Scenario, turns: readonly Turn[]): void {
  const figuresOf = (name: Name, figure: (side: Figures) => number) =>
    turns.map((turn) => figure(turn[name] as Figures))
  const ratio = (name: Name, to: Name, figure: (side: Figures) => number): number => {
    const base = figuresOf(to, figure)
    return median(figuresOf(name, figure).map((value, i) => value / (base[i] as number)))
  }
  const lineOf = (name: Name) => ({
    'server, CPU µs a request': Math.round(median(figuresOf(name, ({ serverUs }) => serverUs))),
    'database, CPU µs a request': Math.round(median(figuresOf(name, ({ backendsUs }) => backendsUs))),
    'CPU, times bare': Number(ratio(name, 'bare', cpuOf).toFixed(2)),
    'requests a second': Math.round(median(figuresOf(name, perSecondOf))),
  })
  console.log(
    `${method} ${path}, Node ${process.version}, medians of ${turns.length} turns in ${ROUNDS} rounds`,
  )
  console.table(Object.fromEntries((['ours', ...others] as const).map((name) => [name, lineOf(name)])))
  if (figures.cpu) report(figures.cpu, ratio('ours', 'bare', cpuOf))
  if (figures.expert) report(figures.expert, ratio('ours', 'expert', cpuOf))
  if (figures.perSecond) report(figures.perSecond, ratio('ours', 'bare', perSecondOf))
}
