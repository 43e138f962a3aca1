import type { Sql } from 'postgres'
import { findPartitionProblem } from './audit/partitions.js'
import { pendingMigrations } from './migrate/index.js'
import { MIGRATIONS_FOLDER } from './setup.js'

/** Where it only reads, as a standby does, there is still something to serve. Thrown, so that the next check connects anew. */
export const READ_ONLY = new Error('degraded: the database is read-only')

export async function checkWrites(sql: Sql): Promise<string> {
  const [row] = await sql<{ isReadOnly: boolean }[]>`
    select current_setting('transaction_read_only')::boolean as "isReadOnly"`
  if (row?.isReadOnly) throw READ_ONLY
  return 'ok'
}

export async function checkMigrations(sql: Sql): Promise<string> {
  const pending = await pendingMigrations(sql, { folder: MIGRATIONS_FOLDER })
  return pending.length === 0 ? 'ok' : `pending: ${pending.join(', ')}`
}

export async function checkAudit(sql: Sql): Promise<string> {
  const problem = await findPartitionProblem(sql)
  return problem === undefined ? 'ok' : `degraded: ${problem}`
}
