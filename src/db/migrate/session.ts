import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import { withTimeout } from '../../lib/async/with-timeout.js'
import { openPostgres, parseDatabaseUrl, placesOf } from '../../lib/database-url/index.js'
import { OperatorError } from '../../lib/errors/operator-error.js'
import { ConnectionError } from './error.js'

export interface SessionOptions {
  /**
   * How long a statement of a transactional file may wait for a lock. Default: 10 seconds. While an
   * ALTER TABLE waits for a long query, all later queries of the table wait behind it.
   */
  lockTimeoutMs?: number
  /** Called once, after two seconds of waiting for another runner. */
  onWait?: () => void
  /** Runs after connecting and before taking the lock. Rejects if the lock would not work. */
  before?: () => Promise<void>
}

/** An arbitrary number. Advisory locks are per database, so it must be unique only within this one. */
const MIGRATION_LOCK = 727_001
const LOCK_POLL_MS = 100
const ANNOUNCE_WAIT_AFTER_MS = 2_000
const DEFAULT_LOCK_TIMEOUT_MS = 10_000
const CONNECT_TIMEOUT_S = 10
const TIME_LIMIT_MS = 10_000

/**
 * Runs `work` on a separate connection.
 * @throws {ConnectionError} when the server cannot be reached or refuses the role
 */
export async function withConnection<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = openPostgres(url, {
    // A single connection that is never replaced, because the lock and the settings belong to it.
    max: 1,
    idle_timeout: 0,
    max_lifetime: null,
    connect_timeout: CONNECT_TIMEOUT_S,
    onnotice: () => {},
    // A file must have the same effect in every server time zone.
    connection: { application_name: 'migrate', TimeZone: 'UTC' },
  })
  try {
    await connect(sql, url)
    return await work(sql)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/**
 * Runs `work` under the migration lock, which one runner holds at a time. `url` must lead to
 * PostgreSQL itself, or to a pooler in session mode.
 * @throws {ConnectionError} when the server cannot be reached or refuses the role
 */
export async function withMigrationLock<T>(
  url: string,
  options: SessionOptions,
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  return withConnection(url, async (sql) => {
    await options.before?.()
    await takeLock(sql, options.onWait)
    return work(sql)
  })
}

/**
 * Resets the session, so that a file does not depend on settings of the file before it (a dump sets
 * an empty search_path), nor on timeouts of the role.
 */
export async function resetSettings(
  sql: postgres.Sql,
  lockTimeoutMs = DEFAULT_LOCK_TIMEOUT_MS,
): Promise<void> {
  await sql.unsafe('reset all')
  await sql`select set_config('statement_timeout', '0', false),
    set_config('idle_in_transaction_session_timeout', '0', false),
    set_config('lock_timeout', ${`${lockTimeoutMs}ms`}, false)`
}

/**
 * Polls instead of waiting in pg_advisory_lock(). A waiting session would hold a snapshot, and CREATE
 * INDEX CONCURRENTLY in the session with the lock would wait for that snapshot: a deadlock.
 */
async function takeLock(sql: postgres.Sql, onWait = () => {}): Promise<void> {
  const announce = setTimeout(onWait, ANNOUNCE_WAIT_AFTER_MS)
  try {
    while (true) {
      const [row] = await sql<[{ held: boolean }]>`select pg_try_advisory_lock(${MIGRATION_LOCK}) as held`
      if (row.held) return
      await delay(LOCK_POLL_MS)
    }
  } finally {
    clearTimeout(announce)
  }
}

/**
 * For queries that are fast unless the server hangs.
 * @throws {ConnectionError} after 10 seconds
 */
export async function withTimeLimit<T>(sql: postgres.Sql, work: Promise<T>): Promise<T> {
  const result = await withTimeout(
    TIME_LIMIT_MS,
    work.then((value) => ({ value })),
  )
  if (result) return result.value
  const { host, port } = sql.options
  throw new ConnectionError(`the database at ${host}:${port} does not answer in time`)
}

async function connect(sql: postgres.Sql, url: string): Promise<void> {
  try {
    await sql`select 1`
  } catch (error) {
    if (error instanceof OperatorError) throw error
    const reason =
      error instanceof postgres.PostgresError ? error.message : (error as NodeJS.ErrnoException).code
    const { database } = parseDatabaseUrl(url)
    throw new ConnectionError(`cannot connect to database ${database} at ${placesOf(url)}: ${reason}`)
  }
}
