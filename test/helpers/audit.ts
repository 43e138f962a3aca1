import postgres from 'postgres'
import type { Test } from 'tap'
import { createDatabaseClient, type DatabaseClient } from '../../src/db/driver/client.js'
import { createUser } from '../../src/db/queries/accounts/users.js'
import type { User } from '../../src/db/schema/users.js'
import { withActor } from '../../src/lib/audit/context.js'
import { connect, createTestDatabase, type TestDatabase } from './database.js'
import { moved } from './moved.js'

export type AuditTest = DatabaseClient & {
  database: TestDatabase
  /** A plain connection as the application's role. */
  sql: postgres.Sql
  /** A connection as the owner of the tables. */
  owner: postgres.Sql
  /** The entries since the last call, in order, each as `actor table action`. */
  newEntries: () => Promise<string[]>
  addUser: (email?: string) => Promise<User>
}

export const clientOptions = (url: string, poolMax = 2) => ({
  url,
  applicationName: 'test',
  poolMax,
  isolationLevel: 'read committed' as const,
  connectTimeoutMs: 3_000,
  statementTimeoutMs: 10_000,
  idleTransactionTimeoutMs: 10_000,
})

let count = 0

/** Opens a database with the application's client, but without the application. */
export async function openAuditTest(t: Test, { poolMax = 2 } = {}): Promise<AuditTest> {
  const database = await createTestDatabase(t)
  const client = createDatabaseClient(clientOptions(database.url, poolMax))
  const { url, applicationName: application_name } = clientOptions(database.url)
  const sql = postgres(url, { max: 1, onnotice: () => {}, connection: { application_name } })
  t.teardown(() => Promise.all([client.close(), sql.end()]))
  const owner = connect(t, database.ownerUrl)
  const addUser = (email?: string) => {
    count += 1
    const user = { email: email ?? `user-${count}@example.com`, firstName: 'Ada', lastName: 'Test' }
    return withActor('cli:test', () => createUser(client.db, user))
  }

  let last = '00000000-0000-0000-0000-000000000000'
  const newEntries = async () => {
    const rows = await moved(owner)<{ id: string; line: string }[]>`
      select id, concat_ws(' ', actor, table_name, action) as line from audit.audit_log where id > ${last} order by id`
    last = rows.at(-1)?.id ?? last
    return rows.map(({ line }) => line)
  }
  return { ...client, database, sql, owner, newEntries, addUser }
}
