import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import { withTimeout } from '../../lib/async/with-timeout.js'
import { openPostgres, parseDatabaseUrl, placesOf } from '../../lib/database-url/index.js'
import { OperatorError } from '../../lib/errors/operator-error.js'
import { ConnectionError } from './error.js'

export interface SessionOptions {
  /**
   * How long a statement of a transactional file may wait for a lock, 10 s by default. An ALTER TABLE that
   * waits behind a long query makes every later query of that table wait behind itself.
   */
  lockTimeoutMs?: number
  /** Called once, when another runner has kept this one waiting for some seconds. */
  onWait?: () => void
  /** Runs once the server is reached, before the lock is taken: for whatever would make the lock worthless. */
  before?: () => Promise<void>
}

/** Any number that nothing else in the database uses; an advisory lock belongs to one database. */
const MIGRATION_LOCK = 727_001
const LOCK_POLL_MS = 100
const ANNOUNCE_WAIT_AFTER_MS = 2_000
const DEFAULT_LOCK_TIMEOUT_MS = 10_000
const CONNECT_TIMEOUT_S = 10
const ANSWER_TIMEOUT_MS = 10_000

/** Runs `work` on a connection of its own. @throws ConnectionError if the server cannot be reached. */
export async function withConnection<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = openPostgres(url, {
    // One connection that is never recycled: the lock and the settings belong to the session.
    max: 1,
    idle_timeout: 0,
    max_lifetime: null,
    connect_timeout: CONNECT_TIMEOUT_S,
    onnotice: () => {},
    // The same file must do the same whatever the server's time zone.
    connection: { application_name: 'migrate', TimeZone: 'UTC' },
  })
  try {
    await connect(sql, url)
    return await work(sql)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** Runs `work` while no other runner does. The url must reach PostgreSQL itself, or a pooler in session mode. */
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
 * Gives each file the same settings, whatever the role's defaults or the file before it set (a dump sets an
 * empty search_path).
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
 * Polls, because a session that waits inside pg_advisory_lock() holds a snapshot, which CREATE INDEX
 * CONCURRENTLY in the session that has the lock waits for: a deadlock.
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

/** For what is quick, or else hangs. @throws ConnectionError when it does. */
export async function inTime<T>(sql: postgres.Sql, work: Promise<T>): Promise<T> {
  const result = await withTimeout(
    ANSWER_TIMEOUT_MS,
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
