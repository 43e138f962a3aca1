/**
 * Checks that a wrong password takes as long for a known address as for an unknown one. Measures pairs of
 * both, in random order and each with a new address, and compares them with a sign test, so that changes in
 * the speed of the machine affect both equally.
 */
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { databaseUrl, openTestDatabases } from '../scripts/test/databases.js'
import { hashPassword } from '../src/lib/auth/passwords.js'
import { nextMessage, start, stop } from './lib/child.js'
import { median } from './lib/compare.js'
import { isQuick, report as reportFigure } from './lib/figures.js'

type Pair = { knownMs: number; unknownMs: number }

const PAIRS = Number(process.env.PAIRS ?? (isQuick ? 100 : 200))
const WARM_UP_PAIRS = 10

const files = mkdtempSync(join(tmpdir(), 'groundwork-bench-'))
const { databases, close } = await openTestDatabases(process.env.DATABASE_URL)
try {
  await createUsers(PAIRS + WARM_UP_PAIRS)
  const server = start(['dist/server.js'], {
    NODE_ENV: 'test',
    CONFIG_FILE: 'off',
    DATA_DIR: files,
    DATABASE_URL: databaseUrl(databases.appUrl, databases.template),
    LOG_FILE_PATH: join(files, 'app.log'),
    PORT: '0',
    PUBLIC_URL: 'http://bench.localhost',
    RATE_LIMIT: 'off',
  })
  const { ready: origin } = await nextMessage<{ ready: string }>(server)
  const pairs: Pair[] = []
  for (let i = 0; i < PAIRS + WARM_UP_PAIRS; i += 1) pairs.push(await measurePair(origin, i))
  await stop(server)
  report(pairs.slice(WARM_UP_PAIRS))
} finally {
  await close()
  rmSync(files, { recursive: true })
}

/** Each attempt needs another known address: after five failures its responses are fast. */
async function createUsers(count: number): Promise<void> {
  const sql = postgres(databaseUrl(databases.ownerUrl, databases.template), { max: 1 })
  const passwordHash = await hashPassword('a long and quiet sentence')
  await sql`insert into users (email, first_name, last_name, status, password_hash)
    select 'known-' || i || '@example.com', 'Ada', 'Lovelace', 'active', ${passwordHash}
    from generate_series(0, ${count - 1}::int) as i`
  await sql.end()
}

async function measurePair(origin: string, i: number): Promise<Pair> {
  const known = () => measure(origin, `known-${i}@example.com`)
  const unknown = () => measure(origin, `other-${i}@example.com`)
  if (randomInt(2) === 0) {
    const knownMs = await known()
    return { knownMs, unknownMs: await unknown() }
  }
  const unknownMs = await unknown()
  return { unknownMs, knownMs: await known() }
}

async function measure(origin: string, email: string): Promise<number> {
  const body = JSON.stringify({ email, password: 'not the password at all' })
  const headers = { 'content-type': 'application/json' }
  const begin = performance.now()
  const answer = await fetch(`${origin}/api/v1/auth/login`, { method: 'POST', headers, body })
  await answer.text()
  const ms = performance.now() - begin
  if (answer.status !== 401) throw new Error(`answered ${answer.status}`)
  return ms
}

function report(pairs: readonly Pair[]): void {
  const slower = pairs.filter(({ knownMs, unknownMs }) => knownMs > unknownMs).length
  const z = (slower - pairs.length / 2) / Math.sqrt(pairs.length / 4)
  const middle = (side: keyof Pair) => median(pairs.map((pair) => pair[side])).toFixed(2)
  console.log(`POST /auth/login with a wrong password, ${pairs.length} pairs`)
  console.table({
    known: { 'median ms': middle('knownMs'), slower },
    unknown: { 'median ms': middle('unknownMs'), slower: pairs.length - slower },
  })
  reportFigure('signInTiming', Math.abs(z))
}
