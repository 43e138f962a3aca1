import { PgDatabase, PgDialect } from 'drizzle-orm/pg-core'
import { drizzle, type PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { AuditedSession } from './audit/session.js'

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
  statementTimeoutMs: number
  idleTransactionTimeoutMs: number
}

export type DatabaseClient = { db: Db; sql: postgres.Sql; close: () => Promise<void> }

const CLOSE_TIMEOUT_SECONDS = 5

/** Opens no connection yet: the first query does. */
export function createDatabaseClient(options: DatabaseOptions): DatabaseClient {
  const sql = postgres(options.url, {
    max: options.poolMax,
    connect_timeout: options.connectTimeoutMs / 1000,
    // No lookup of array types at every connection: nothing here uses them.
    fetch_types: false,
    onnotice: () => undefined,
    connection: {
      application_name: options.applicationName,
      default_transaction_isolation: options.isolationLevel,
      statement_timeout: options.statementTimeoutMs,
      idle_in_transaction_session_timeout: options.idleTransactionTimeoutMs,
      TimeZone: 'UTC',
    },
  })
  // drizzle teaches the client its date parsers; its plain session is then replaced by ours.
  drizzle(sql)
  const dialect = new PgDialect()
  const db = new PgDatabase(dialect, new AuditedSession(sql, dialect), undefined) as unknown as Db
  return { db, sql, close: () => sql.end({ timeout: CLOSE_TIMEOUT_SECONDS }) }
}
