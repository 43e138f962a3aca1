import { findPooler } from '../../src/db/driver/pooler.js'
import { prepareDatabase } from '../../src/db/lifecycle/setup.js'
import { createTestDatabase } from '../helpers/database.js'
import { behindPgBouncer, NO_PGBOUNCER, NO_STATEMENTS } from '../helpers/pgbouncer.js'
import { runServer } from '../helpers/server.js'
import t from '../tap.js'

const skip = NO_PGBOUNCER
const database = await createTestDatabase(t)
const timeoutMs = 15_000

t.test('does not take PostgreSQL itself for a pooler', async (t) => {
  t.equal(await findPooler({ url: database.url, timeoutMs }), undefined)
})

for (const connections of [1, 3]) {
  t.test(`recognizes the mode of a pooler of ${connections}`, { skip }, async (t) => {
    const { url } = await behindPgBouncer(t, database, { connections: connections + 1 })
    t.strictSame(await findPooler({ url, timeoutMs }), { mode: 'transaction', keepsStatements: false })
    const session = await behindPgBouncer(t, database, { connections: connections + 1, mode: 'session' })
    t.strictSame(await findPooler({ url: session.url, timeoutMs }), {
      mode: 'session',
      keepsStatements: true,
    })
  })
}

t.test('recognizes a pooler that tracks prepared statements', { skip: NO_STATEMENTS }, async (t) => {
  const { url } = await behindPgBouncer(t, database, { keepsStatements: true })
  t.strictSame(await findPooler({ url, timeoutMs }), { mode: 'transaction', keepsStatements: true })
})

t.test('refuses to start when the listener would go through a pooler', { skip }, async (t) => {
  const { url } = await behindPgBouncer(t, database)
  const { code, stderr } = await runServer(t, { env: { DATABASE_URL: url } })
  t.equal(code, 1)
  t.match(stderr, /^127\.0\.0\.1:\d+ is a pooler .* LISTEN receives nothing: set DATABASE_DIRECT_URL.*\n$/)
})

t.test('refuses to start when PostgreSQL does not apply its timeouts', { skip }, async (t) => {
  const pooled = await behindPgBouncer(t, database, { connectQuery: 'set statement_timeout = 7000' })
  const env = { DATABASE_URL: pooled.url, DATABASE_DIRECT_URL: pooled.directUrl }
  const { code, stderr } = await runServer(t, { env })
  t.equal(code, 1)
  const mistakes =
    /^DATABASE_URL leads .* idle_in_transaction_session_timeout is 0, not 30000; statement_timeout is 7000, not 15000: set .*\n$/
  t.match(stderr, mistakes)
})

t.test('refuses to run migrations through a pooler', { skip }, async (t) => {
  const { url } = await behindPgBouncer(t, { ...database, url: database.ownerUrl })
  const migrating = prepareDatabase({ migrationUrl: url, appRole: database.appRole })
  await t.rejects(migrating, { name: 'OperatorError', message: /migrations .* DATABASE_MIGRATION_URL/ })
})

t.test('a start reports an unreachable pooler in one line without the password', async (t) => {
  const env = {
    DATABASE_URL: 'postgres://ada:hunter2@127.0.0.1:1/app',
    DATABASE_DIRECT_URL: database.url,
  }
  const { code, stderr } = await runServer(t, { env })
  t.strictSame([code, stderr], [1, 'cannot connect to the database at 127.0.0.1:1: ECONNREFUSED\n'])
})
