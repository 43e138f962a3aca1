import { PgDatabase, PgDialect } from 'drizzle-orm/pg-core'
import { drizzle, type PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js'
import type postgres from 'postgres'
import { openPostgres } from '../../lib/database-url/index.js'
import type { ConnectionEvents } from './connection.js'
import { ConnectionPool, type PoolState } from './pool.js'
import type { Pooler } from './pooler.js'
import { AuditedSession } from './session.js'
import { statementSpans } from './statement-spans.js'
import { Transaction } from './transaction.js'

/** The database or a transaction in it: the first argument of every query function. */
export type Db = PgDatabase<PostgresJsQueryResultHKT>
/** A transaction: the first argument of functions that must not run outside one. */
export type Tx = Parameters<Parameters<Db['transaction']>[0]>[0]

export type DatabaseOptions = {
  url: string
  /** Shown in pg_stat_activity, and in the audit log as the actor of changes without a context. */
  applicationName: string
  /** The most connections of the pool. */
  poolMax: number
  isolationLevel: 'read committed' | 'repeatable read' | 'serializable'
  connectTimeoutMs: number
  /** How long to wait for a free connection of the pool. Default: `connectTimeoutMs`. */
  acquireTimeoutMs?: number
  statementTimeoutMs: number
  idleTransactionTimeoutMs: number
  /**
   * Default: false. True rejects reads from a standby, too: a job that does not find its row on a
   * standby that lags would take the row for deleted, and count as done.
   */
  needsPrimary?: boolean
  /** The pooler behind `url`. Undefined if `url` is PostgreSQL itself. */
  pooler?: Pooler | undefined
}

type DatabaseSettings = {
  DATABASE_POOL_MAX: number
  DATABASE_ISOLATION_LEVEL: DatabaseOptions['isolationLevel']
  DATABASE_CONNECT_TIMEOUT_MS: number
  DATABASE_STATEMENT_TIMEOUT_MS: number
  DATABASE_IDLE_TRANSACTION_TIMEOUT_MS: number
}

/** The options from the configuration. */
export const databaseOptions = (
  config: DatabaseSettings,
  url: string,
  applicationName: string,
): DatabaseOptions => ({
  url,
  applicationName,
  poolMax: config.DATABASE_POOL_MAX,
  isolationLevel: config.DATABASE_ISOLATION_LEVEL,
  connectTimeoutMs: config.DATABASE_CONNECT_TIMEOUT_MS,
  statementTimeoutMs: config.DATABASE_STATEMENT_TIMEOUT_MS,
  idleTransactionTimeoutMs: config.DATABASE_IDLE_TRANSACTION_TIMEOUT_MS,
})

/** Starts transactions of postgres.js, without drizzle. */
export type Transactions = Pick<postgres.Sql, 'begin'>

/**
 * Runs a health check on a separate connection, so that it does not wait for the pool.
 * @throws {Error} `QUERY_TIMEOUT` after `timeoutMs`; default: the statement timeout plus 1 second
 */
export type Check = <T>(work: (sql: postgres.Sql) => Promise<T>, timeoutMs?: number) => Promise<T>

export type DatabaseClient = {
  db: Db
  check: Check
  transactions: Transactions
  poolState: () => PoolState
  /** Gives statements in flight 5 seconds to finish, then closes their connections. */
  close: () => Promise<void>
}

const CLOSE_TIMEOUT_MS = 5_000
/** Added to the server's statement timeout, for the network in both directions. */
const QUERY_TIMEOUT_MARGIN_MS = 1_000

/** Opens no connection yet. The first query does. */
export function createDatabaseClient(options: DatabaseOptions): DatabaseClient {
  const createPool = (max: number, acquireTimeoutMs: number) =>
    new ConnectionPool({
      connect: (events) => connect(options, events),
      max,
      acquireTimeoutMs,
      queryTimeoutMs: options.statementTimeoutMs + QUERY_TIMEOUT_MARGIN_MS,
    })
  const pool = createPool(options.poolMax, options.acquireTimeoutMs ?? options.connectTimeoutMs)
  const checks = createPool(1, options.connectTimeoutMs)
  const dialect = new PgDialect()
  const session = new AuditedSession(pool, dialect, statementSpans(options.url))
  const db = new PgDatabase(dialect, session, undefined) as unknown as Db
  const check: Check = (work, timeoutMs) => checks.use((connection) => connection.run(work, timeoutMs))
  const close = async () => {
    await Promise.all([pool, checks].map((each) => each.close(CLOSE_TIMEOUT_MS)))
  }
  return { db, check, transactions: transactionsOn(pool), poolState: () => pool.state, close }
}

/**
 * Replaces `begin` of postgres.js, which ends the process when a connection is lost within a
 * transaction. Statements have no client-side timeout, only the server's: some are slow by design,
 * such as dropping a month of the audit log.
 */
const transactionsOn = (pool: ConnectionPool): Transactions => ({
  begin: ((mode: string, work: (tx: postgres.Sql) => Promise<unknown>) =>
    Transaction.begin(
      pool,
      (transaction) => transaction.run(work, Number.POSITIVE_INFINITY),
      mode,
    )) as unknown as Transactions['begin'],
})

/** The PostgreSQL settings that every connection must have. */
export const sessionSettings = (options: DatabaseOptions) => ({
  default_transaction_isolation: options.isolationLevel,
  statement_timeout: options.statementTimeoutMs,
  idle_in_transaction_session_timeout: options.idleTransactionTimeoutMs,
})

function connect(options: DatabaseOptions, { onClose, onStandby }: ConnectionEvents): postgres.Sql {
  const sql = openPostgres(options.url, {
    onclose: onClose,
    // PostgreSQL reports this parameter when a connection opens.
    onparameter: (name, value) => {
      if (options.needsPrimary && name === 'in_hot_standby' && value === 'on') onStandby()
    },
    max: 1,
    // The pool replaces old connections between uses. postgres.js might do so within a transaction.
    max_lifetime: null,
    connect_timeout: options.connectTimeoutMs / 1000,
    // Saves a query for array types per connection. No code here needs them.
    fetch_types: false,
    onnotice: () => undefined,
    prepare: options.pooler?.keepsStatements ?? true,
    connection: {
      application_name: options.applicationName,
      TimeZone: 'UTC',
      // A pooler rejects unknown startup parameters. There the operator sets them (refuseOtherSettings).
      ...(!options.pooler && sessionSettings(options)),
    },
  })
  // This call installs drizzle's date parsers in the client. Its session is not used.
  drizzle(sql)
  return sql
}
