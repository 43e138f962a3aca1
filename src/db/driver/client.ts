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
/** For what must not happen outside a transaction. */
export type Tx = Parameters<Parameters<Db['transaction']>[0]>[0]

export type DatabaseOptions = {
  url: string
  /** Shows in pg_stat_activity and, where a change has no other cause to name, in the audit log. */
  applicationName: string
  poolMax: number
  isolationLevel: 'read committed' | 'repeatable read' | 'serializable'
  connectTimeoutMs: number
  /** How long to wait for a connection of the pool to be free: without it, as long as for one to open. */
  acquireTimeoutMs?: number
  statementTimeoutMs: number
  idleTransactionTimeoutMs: number
  /** What a standby answers is refused, too: jobs take what they do not find for gone, and are done. */
  needsPrimary?: boolean
  /** What `url` leads through, where that is not PostgreSQL itself. */
  pooler?: Pooler | undefined
}

type DatabaseSettings = {
  DATABASE_POOL_MAX: number
  DATABASE_ISOLATION_LEVEL: DatabaseOptions['isolationLevel']
  DATABASE_CONNECT_TIMEOUT_MS: number
  DATABASE_STATEMENT_TIMEOUT_MS: number
  DATABASE_IDLE_TRANSACTION_TIMEOUT_MS: number
}

/** As the configuration says it. */
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

/** For transactions without drizzle. */
export type Transactions = Pick<postgres.Sql, 'begin'>

/** On a connection of its own, beside the pool: a check must not wait for others, and not for ever for a silent server. */
export type Check = <T>(work: (sql: postgres.Sql) => Promise<T>, timeoutMs?: number) => Promise<T>

export type DatabaseClient = {
  db: Db
  check: Check
  transactions: Transactions
  poolState: () => PoolState
  close: () => Promise<void>
}

const CLOSE_TIMEOUT_MS = 5_000
/** Beyond what the server allows a statement: for the way there and back. */
const ANSWER_MARGIN_MS = 1_000

/** Opens no connection yet: the first query does. */
export function createDatabaseClient(options: DatabaseOptions): DatabaseClient {
  const poolOf = (max: number, waitMs: number) =>
    new ConnectionPool({
      connect: (events) => connect(options, events),
      max,
      waitMs,
      answerMs: options.statementTimeoutMs + ANSWER_MARGIN_MS,
    })
  const pool = poolOf(options.poolMax, options.acquireTimeoutMs ?? options.connectTimeoutMs)
  const checks = poolOf(1, options.connectTimeoutMs)
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
 * As postgres.js begins them, whose own end the process when their connection is lost. What takes long by design, such as
 * dropping a month of the audit log, is done here: only the server limits it.
 */
const transactionsOn = (pool: ConnectionPool): Transactions => ({
  begin: ((mode: string, work: (tx: postgres.Sql) => Promise<unknown>) =>
    Transaction.begin(
      pool,
      (transaction) => transaction.run(work, Number.POSITIVE_INFINITY),
      mode,
    )) as unknown as Transactions['begin'],
})

/** What PostgreSQL is to hold every connection to. */
export const sessionSettings = (options: DatabaseOptions) => ({
  default_transaction_isolation: options.isolationLevel,
  statement_timeout: options.statementTimeoutMs,
  idle_in_transaction_session_timeout: options.idleTransactionTimeoutMs,
})

function connect(options: DatabaseOptions, { onClose, onStandby }: ConnectionEvents): postgres.Sql {
  const sql = openPostgres(options.url, {
    onclose: onClose,
    // Told by PostgreSQL as a connection begins.
    onparameter: (name, value) => {
      if (options.needsPrimary && name === 'in_hot_standby' && value === 'on') onStandby()
    },
    max: 1,
    // Whoever has the connection decides when it has lived long enough: not in the midst of a transaction.
    max_lifetime: null,
    connect_timeout: options.connectTimeoutMs / 1000,
    // No lookup of array types at every connection: nothing here uses them.
    fetch_types: false,
    onnotice: () => undefined,
    prepare: options.pooler?.keepsStatements ?? true,
    connection: {
      application_name: options.applicationName,
      TimeZone: 'UTC',
      // A pooler refuses to connect with what it does not know, and has it from elsewhere.
      ...(!options.pooler && sessionSettings(options)),
    },
  })
  // It teaches the client drizzle's date parsers; its session is not used.
  drizzle(sql)
  return sql
}
