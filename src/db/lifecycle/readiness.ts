import type { Sql } from 'postgres'
import { OperatorError } from '../../lib/errors/operator-error.js'
import { findMoveProblem } from '../audit/new-entries.js'
import { findPartitionProblem } from '../audit/partitions.js'
import { readHistory } from '../migrate/index.js'
import { MIGRATIONS_FOLDER } from './setup.js'

/** The prefix of a state that is normal during a rollout and needs no action. */
const AHEAD = 'ahead: '

/** True for `ok` and `ahead: …`. */
export const isHealthy = (state: string): boolean => state === 'ok' || state.startsWith(AHEAD)

/**
 * A read-only database, such as a standby, can still serve reads, so the process is degraded only.
 * An error rather than a state, so that the next check opens a new connection.
 */
export const READ_ONLY = new Error('degraded: the database is read-only')

/** @throws {Error} `READ_ONLY` */
export async function checkWrites(sql: Sql): Promise<string> {
  const [row] = await sql<{ isReadOnly: boolean }[]>`
    select current_setting('transaction_read_only')::boolean as "isReadOnly"`
  if (row?.isReadOnly) throw READ_ONLY
  return 'ok'
}

/** Returns `ok`, `ahead: …`, `pending: …` or `diverged: …` with names of migrations. */
export async function checkMigrations(sql: Sql): Promise<string> {
  const { pending, newer, unknown } = await readHistory(sql, { folder: MIGRATIONS_FOLDER })
  if (pending.length > 0) return `pending: ${pending.join(', ')}`
  if (unknown.length > 0) return `diverged: ${unknown.join(', ')}`
  return newer.length === 0 ? 'ok' : `${AHEAD}${newer.join(', ')}`
}

/** True if a newer release has migrated the database. */
export const isAhead = async (sql: Sql): Promise<boolean> =>
  (await readHistory(sql, { folder: MIGRATIONS_FOLDER })).newer.length > 0

/**
 * For commands that are complete only with the newest declarations.
 * @throws {OperatorError} when the database is ahead of this release
 */
export async function refuseAhead(sql: Sql): Promise<void> {
  const { newer } = await readHistory(sql, { folder: MIGRATIONS_FOLDER })
  if (newer.length === 0) return
  throw new OperatorError(
    `The database is ahead of this release (${newer.join(', ')}), which may not cover all tables: run this with the newer release`,
  )
}

/** Returns `ok`, or `degraded: …` with a problem of the partitions, or of entries that wait. */
export async function checkAudit(sql: Sql): Promise<string> {
  const problem = (await findPartitionProblem(sql)) ?? (await findMoveProblem(sql))
  return problem === undefined ? 'ok' : `degraded: ${problem}`
}
