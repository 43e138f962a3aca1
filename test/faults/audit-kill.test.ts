import { randomInt } from 'node:crypto'
import type postgres from 'postgres'
import { hashPassword } from '../../src/lib/auth/passwords.js'
import { PRODUCT } from '../../src/lib/product.js'
import { findContradictions } from '../helpers/audit-consistency.js'
import { connect, createTestDatabase } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { moved } from '../helpers/moved.js'
import { IN_FULL } from '../helpers/passing-time.js'
import { startServer } from '../helpers/server.js'
import { type Acknowledged, writeUntilItDies } from '../helpers/write-load.js'
import t, { type Test } from '../tap.js'

const KILLS = IN_FULL ? 10 : 4
const USERS = 4
/** The most writes before a kill: enough to hit any step of a write, few enough to be quick. */
const MAX_WRITES = 80

const PASSWORD = 'a long and quiet sentence'

async function insertUsers(sql: postgres.Sql) {
  const passwordHash = await hashPassword(PASSWORD)
  const rows = await sql<{ email: string }[]>`
    insert into users (email, password_hash, first_name, last_name, status, email_verified_at)
    select 'writer-' || n || '@example.com', ${passwordHash}, 'Ada', 'Test', 'active', now()
    from generate_series(1, ${USERS}::int) as n returning email`
  return rows.map(({ email }) => ({ email, password: PASSWORD }))
}

/** The acknowledged writes that do not have exactly one entry with the right content. */
async function findUnaudited(sql: postgres.Sql, writes: readonly Acknowledged[]): Promise<Acknowledged[]> {
  const entries = await moved(sql)<
    { requestId: string; table: string; action: string; name: string | null }[]
  >`
    select request_id as "requestId", table_name as "table", action, state_after ->> 'first_name' as name
    from audit.audit_log where request_id is not null`
  return writes.filter(({ requestId, table, action, name }) => {
    const found = entries.filter((entry) => entry.requestId === requestId)
    const [entry] = found
    return (
      found.length !== 1 || entry?.table !== table || entry.action !== action || (name && entry.name !== name)
    )
  })
}

const hasEnded = (sql: postgres.Sql) => async () => {
  const backends = await sql`
    select from pg_stat_activity where datname = current_database() and application_name like ${`${PRODUCT.name}%`}`
  return backends.length === 0
}

t.test('a killed server leaves an entry for each change and none for unchanged rows', async (t) => {
  const database = await createTestDatabase(t)
  const sql = connect(t, database.ownerUrl)
  const users = await insertUsers(sql)
  const start = (t: Test) => startServer(t, { env: { DATABASE_URL: database.url, RATE_LIMIT: 'off' } })

  const acknowledged: Acknowledged[] = []
  // The next server starts while this one serves.
  let next = start(t)
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const server = await next
    if (kill < KILLS) next = start(t)
    let left = randomInt(1, MAX_WRITES)
    await writeUntilItDies(server.url, users, (write) => {
      acknowledged.push(write)
      left -= 1
      if (left === 0) server.child.kill('SIGKILL')
    })
    t.match(await server.ended, { signal: 'SIGKILL' })
  }
  await eventually(hasEnded(sql))

  t.ok(acknowledged.length >= KILLS, `${acknowledged.length} writes were acknowledged`)
  t.same(await findUnaudited(sql, acknowledged), [], 'every acknowledged write has its entry')
  t.same(await findContradictions(sql), [], 'entries and tables agree')
})
