/**
 * Compares a list of an organization's members, in its scope and under
 * row-level security, with the same list without both.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { databaseUrl, openTestDatabases } from '../scripts/test/databases.js'
import { hashPassword } from '../src/lib/auth/passwords.js'
import { nextMessage, start, stop } from './lib/child.js'
import { comparePair, type Figures, median, type Pair, type Side } from './lib/compare.js'
import { report as reportFigure, roundsOf } from './lib/figures.js'

const ROUNDS = roundsOf({ usual: 3, quick: 1 })
const CLIENTS = 10
const WARM_UP_PAIRS = 2
const PAIRS = 8
const ORGANIZATION_ID = '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60'
const CREDENTIALS = { email: 'member-1@example.com', password: 'a long and quiet sentence' }
const PLAIN = ['bare', 'checked'] as const
type Plain = (typeof PLAIN)[number]

const files = mkdtempSync(join(tmpdir(), 'groundwork-bench-'))
const { databases, close } = await openTestDatabases(process.env.DATABASE_URL)
const admin = postgres(databases.adminUrl, { max: 1, onnotice: () => {} })
const load = start(['--import', 'tsx', 'bench/lib/load.ts'])
try {
  const urls = await prepareDatabases()
  const pairs: Record<Plain, Pair[]> = { bare: [], checked: [] }
  for (let round = 0; round < ROUNDS; round += 1) await runRound(urls, pairs)
  for (const plain of PLAIN) report(plain, pairs[plain])
} finally {
  await stop(load)
  await admin.end()
  await close()
  rmSync(files, { recursive: true })
}

/**
 * Creates equal databases with 200 organizations of 30 members. The bare side
 * connects as a superuser, who bypasses policies.
 */
async function prepareDatabases() {
  const { adminUrl, ownerUrl, appUrl, template } = databases
  const [ours, bare] = [`${template}_ours`, `${template}_bare`]
  const owner = decodeURIComponent(new URL(ownerUrl).username)
  await admin`create database ${admin(ours)} template ${admin(template)} owner ${admin(owner)}`
  const sql = postgres(databaseUrl(adminUrl, ours), { max: 1, onnotice: () => {} })
  const hash = await hashPassword(CREDENTIALS.password)
  await sql`insert into users (email, first_name, last_name, status, email_verified_at, password_hash)
    select 'member-' || n || '@example.com', 'Ada', 'Lovelace', 'active', now(), ${hash} from generate_series(1, 6000) n`
  await sql`insert into organizations (id, name, slug) select
    case n when 1 then ${ORGANIZATION_ID}::uuid else uuid_v7() end, 'Engines', 'engines-' || n from generate_series(1, 200) n`
  await sql`insert into memberships (organization_id, user_id, role)
    select o.id, u.id, 'org_admin' from (select id, row_number() over (order by slug) as n from organizations) o
    join (select id, substring(email from '[0-9]+')::int as n from users) u on u.n % 200 = (o.n % 200)`
  await sql`analyze`
  await sql.end()
  await admin`create database ${admin(bare)} template ${admin(ours)} owner ${admin(owner)}`
  return { ours: databaseUrl(appUrl, ours), bare: databaseUrl(adminUrl, bare) }
}

/** Starts both sides anew and measures them in turn. */
async function runRound(urls: Record<'ours' | 'bare', string>, pairs: Record<Plain, Pair[]>) {
  const [ours, bare] = await Promise.all([startSide(urls.ours), startSide(urls.bare)])
  const oursPath = `/api/v1/organizations/${ORGANIZATION_ID}/members`
  const sideOf = async (which: 'ours' | 'bare', path: string): Promise<Side> => {
    const { origin, headers, process } = which === 'ours' ? ours : bare
    const clients = Array.from({ length: CLIENTS }, () => headers)
    const target = { method: 'GET', origin, path, clients } as const
    return { ...target, server: [Number(process.pid)], backends: await backendsOf(urls[which]) }
  }
  for (let i = -WARM_UP_PAIRS; i < PAIRS; i += 1) {
    for (const plain of PLAIN) {
      const pair = await comparePair(load, await sideOf('ours', oursPath), await sideOf('bare', `/${plain}`))
      if (i >= 0) pairs[plain].push(pair)
    }
  }
  await Promise.all([stop(ours.process), stop(bare.process)])
}

async function startSide(url: string) {
  const env = { DATABASE_URL: url, DATA_DIR: files, PUBLIC_URL: 'http://bench.localhost', ORGANIZATION_ID }
  const process = start(['bench/bare/members.js'], env)
  const { ready: origin } = await nextMessage<{ ready: string }>(process)
  const body = JSON.stringify({ ...CREDENTIALS, email: await memberOf(url) })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${origin}/api/v1/auth/login`, { method: 'POST', headers, body })
  const { accessToken } = (await response.json()) as { accessToken: string }
  return { process, origin, headers: { authorization: `Bearer ${accessToken}` } }
}

async function memberOf(url: string): Promise<string> {
  const sql = postgres(databaseUrl(databases.adminUrl, new URL(url).pathname.slice(1)), { max: 1 })
  const [member] = await sql<{ email: string }[]>`
    select email from users join memberships on user_id = users.id where organization_id = ${ORGANIZATION_ID} limit 1`
  await sql.end()
  return String(member?.email)
}

async function backendsOf(url: string): Promise<number[]> {
  const database = decodeURIComponent(new URL(url).pathname.slice(1))
  const rows = await admin<{ pid: number }[]>`select pid from pg_stat_activity where datname = ${database}`
  return rows.map(({ pid }) => pid)
}

function report(plain: Plain, pairs: readonly Pair[]): void {
  const show = (side: 'ours' | 'bare') => ({
    'server, CPU µs a request': Math.round(median(pairs.map((pair) => pair[side].serverUs))),
    'database, CPU µs a request': Math.round(median(pairs.map((pair) => pair[side].backendsUs))),
    'requests a second': Math.round(median(pairs.map((pair) => pair[side].perSecond))),
  })
  const cpu = ({ serverUs, backendsUs }: Figures) => serverUs + backendsUs
  const ratio = median(pairs.map(({ ours, bare }) => cpu(ours) / cpu(bare)))
  console.log(`20 of 30 members, ${plain}: medians of ${pairs.length} pairs in ${ROUNDS} rounds`)
  console.table({ scoped: show('ours'), [plain]: show('bare') })
  if (plain === 'checked') reportFigure('tenancy', ratio)
  else console.log(`CPU a request: ${ratio.toFixed(2)} times`)
}
