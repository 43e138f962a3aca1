import type { Sql } from 'postgres'
import { OperatorError } from '../../lib/errors/operator-error.js'
import { findPartitionProblem } from '../audit/partitions.js'
import { readHistory } from '../migrate/index.js'
import { MIGRATIONS_FOLDER } from './setup.js'

/** How a check begins that informs, and is nothing to look after: a database ahead of the code is normal in a rollout. */
const AHEAD = 'ahead: '

export const isHealthy = (state: string): boolean => state === 'ok' || state.startsWith(AHEAD)

/** Where it only reads, as a standby does, there is still something to serve. Thrown, so that the next check connects anew. */
export const READ_ONLY = new Error('degraded: the database is read-only')

export async function checkWrites(sql: Sql): Promise<string> {
  const [row] = await sql<{ isReadOnly: boolean }[]>`
    select current_setting('transaction_read_only')::boolean as "isReadOnly"`
  if (row?.isReadOnly) throw READ_ONLY
  return 'ok'
}

export async function checkMigrations(sql: Sql): Promise<string> {
  const { pending, newer, unknown } = await readHistory(sql, { folder: MIGRATIONS_FOLDER })
  if (pending.length > 0) return `pending: ${pending.join(', ')}`
  if (unknown.length > 0) return `diverged: ${unknown.join(', ')}`
  return newer.length === 0 ? 'ok' : `${AHEAD}${newer.join(', ')}`
}

/** A newer release has been here: what it made is its own. */
export const isAhead = async (sql: Sql): Promise<boolean> =>
  (await readHistory(sql, { folder: MIGRATIONS_FOLDER })).newer.length > 0

/** For what is complete only with the newest declarations. @throws OperatorError */
export async function refuseAhead(sql: Sql): Promise<void> {
  const { newer } = await readHistory(sql, { folder: MIGRATIONS_FOLDER })
  if (newer.length === 0) return
  throw new OperatorError(
    `The database is ahead of this release (${newer.join(', ')}), which may not know all that is to be done: run this with the newer release`,
  )
}

export async function checkAudit(sql: Sql): Promise<string> {
  const problem = await findPartitionProblem(sql)
  return problem === undefined ? 'ok' : `degraded: ${problem}`
}
