/** `GET /me` with a verified token, against a bare Fastify route that makes the same query and answers the same shape. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { databaseUrl, openTestDatabases } from '../scripts/test/databases.js'
import { createDatabaseClient } from '../src/db/client.js'
import { createUser } from '../src/db/queries/users.js'
import { hashPassword } from '../src/lib/passwords.js'
import { nextMessage, start, stop } from './lib/child.js'
import { comparePair, type Figures, median, type Pair, type Side } from './lib/compare.js'

const ROUNDS = Number(process.env.ROUNDS ?? 5)
const WARM_UP_PAIRS = 3
const PAIRS = 8
const PATH = '/api/v1/me'
const CREDENTIALS = { email: 'ada@example.com', password: 'a long and quiet sentence' }

const files = mkdtempSync(join(tmpdir(), 'groundwork-bench-'))
const { databases, close } = await openTestDatabases(process.env.DATABASE_URL)
const admin = postgres(databases.adminUrl, { max: 1, onnotice: () => {} })
const load = start(['--import', 'tsx', 'bench/lib/load.ts'])
try {
  const pairs: Pair[] = []
  const { oursUrl, bareUrl, userId } = await prepareDatabases()
  for (let round = 0; round < ROUNDS; round += 1) pairs.push(...(await runRound(oursUrl, bareUrl, userId)))
  report(pairs)
} finally {
  await stop(load)
  await admin.end()
  await close()
  rmSync(files, { recursive: true })
}

/** One database for each side, alike, so that each side's backends can be told apart. */
async function prepareDatabases() {
  const { ownerUrl, appUrl, template } = databases
  const client = createDatabaseClient({
    url: databaseUrl(ownerUrl, template),
    applicationName: 'bench',
    poolMax: 1,
    isolationLevel: 'read committed',
    connectTimeoutMs: 5000,
    statementTimeoutMs: 5000,
    idleTransactionTimeoutMs: 5000,
  })
  const passwordHash = await hashPassword(CREDENTIALS.password)
  const user = { email: CREDENTIALS.email, firstName: 'Ada', lastName: 'Lovelace', passwordHash }
  const { id } = await createUser(client.db, user)
  await client.close()
  const [oursUrl, bareUrl] = [await copy('ours'), await copy('bare')]
  return { oursUrl, bareUrl, userId: id }

  async function copy(side: string): Promise<string> {
    const name = `${template}_${side}`
    const owner = decodeURIComponent(new URL(ownerUrl).username)
    await admin`create database ${admin(name)} template ${admin(template)} owner ${admin(owner)}`
    return databaseUrl(appUrl, name)
  }
}

/** Both sides freshly started: a process that is warm for minutes is another one. */
async function runRound(oursUrl: string, bareUrl: string, userId: string): Promise<Pair[]> {
  const oursProcess = start(['dist/server.js'], {
    NODE_ENV: 'test',
    CONFIG_FILE: 'off',
    DATA_DIR: files,
    DATABASE_URL: oursUrl,
    LOG_FILE_PATH: join(files, 'app.log'),
    PORT: '0',
    PUBLIC_URL: 'http://bench.localhost',
    RATE_LIMIT: 'off',
  })
  const bareProcess = start(['bench/bare/me.js'], { DATABASE_URL: bareUrl, USER_ID: userId })
  const [{ ready: oursOrigin }, { ready: bareOrigin }] = await Promise.all([
    nextMessage<{ ready: string }>(oursProcess),
    nextMessage<{ ready: string }>(bareProcess),
  ])
  const headers = { authorization: `Bearer ${await signIn(oursOrigin)}` }
  const ours: Side = {
    origin: oursOrigin,
    path: PATH,
    headers,
    server: Number(oursProcess.pid),
    backends: [],
  }
  const bare: Side = {
    origin: bareOrigin,
    path: PATH,
    headers,
    server: Number(bareProcess.pid),
    backends: [],
  }
  for (let i = 0; i < WARM_UP_PAIRS; i += 1) await comparePair(load, ours, bare)

  const sides = [
    { ...ours, backends: await backendsOf(oursUrl) },
    { ...bare, backends: await backendsOf(bareUrl) },
  ] as const
  const pairs: Pair[] = []
  for (let i = 0; i < PAIRS; i += 1) pairs.push(await comparePair(load, ...sides))
  await Promise.all([stop(oursProcess), stop(bareProcess)])
  return pairs
}

async function signIn(origin: string): Promise<string> {
  const body = JSON.stringify(CREDENTIALS)
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${origin}/api/v1/auth/login`, { method: 'POST', headers, body })
  const { accessToken } = (await response.json()) as { accessToken: string }
  return accessToken
}

async function backendsOf(url: string): Promise<number[]> {
  const database = decodeURIComponent(new URL(url).pathname.slice(1))
  const rows = await admin<{ pid: number }[]>`select pid from pg_stat_activity where datname = ${database}`
  return rows.map(({ pid }) => pid)
}

function report(pairs: readonly Pair[]): void {
  const show = (side: 'ours' | 'bare') => ({
    'server, CPU µs a request': Math.round(median(pairs.map((pair) => pair[side].serverUs))),
    'database, CPU µs a request': Math.round(median(pairs.map((pair) => pair[side].backendsUs))),
    'requests a second': Math.round(median(pairs.map((pair) => pair[side].perSecond))),
  })
  const ratio = (figure: (side: Figures) => number) =>
    median(pairs.map(({ ours, bare }) => figure(ours) / figure(bare))).toFixed(2)
  console.log(`GET /me, medians of ${pairs.length} pairs in ${ROUNDS} rounds`)
  console.table({ ours: show('ours'), bare: show('bare') })
  console.log(
    `CPU a request: ${ratio(({ serverUs, backendsUs }) => serverUs + backendsUs)} times (at most 1.25)`,
  )
  console.log(`requests a second: ${ratio(({ perSecond }) => perSecond)} times (at least 0.80)`)
}
