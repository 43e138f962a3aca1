import { Placeholder, type Query, type SQL } from 'drizzle-orm'
import type { PgDialect, PgTransactionConfig } from 'drizzle-orm/pg-core'
import { PostgresJsSession, PostgresJsTransaction } from 'drizzle-orm/postgres-js'
import type { Sql, TransactionSql } from 'postgres'
import { CONTEXT_SETTING, serializeContext } from './context.js'
import { auditPolicyOf } from './policy.js'

type Schema = Record<string, never>
type Session = PostgresJsSession<Sql, Schema, Schema>
type Prepare = Session['prepareQuery']
type Metadata = Parameters<Prepare>[5]

/** PostgreSQL keeps every prepared text for a connection's life, so both their number and their size are bounded. */
const PREPARED = { maxTexts: 500, maxParams: 64 }

const RAW_WRITE = /^\s*(?:insert|update|delete|merge|with|call|do|truncate)\b/i

/**
 * drizzle's session, with two additions. Statements are prepared on the server, which saves a round trip each.
 * And a write carries the audit context to the triggers: PostgreSQL evaluates RETURNING before it fires AFTER triggers,
 * so a setting made there arrives with the statement itself, without a transaction or a second round trip around it.
 */
export class AuditedSession extends PostgresJsSession<Sql, Schema, Schema> {
  private readonly preparedTexts = new Set<string>()

  constructor(
    client: Sql,
    private readonly pgDialect: PgDialect,
    /** Inside a transaction the context is set once, at its start. */
    private readonly contextIsSet = false,
  ) {
    super(client, pgDialect, undefined)
  }

  override prepareQuery: Prepare = (query, fields, name, arrays, mapper, metadata, cache) => {
    const carries = !this.contextIsSet && isAuditedWrite(metadata)
    const text = carries ? withContext(query, fields !== undefined) : query
    const preparedName = name ?? (this.isWorthPreparing(text) ? 'auto' : undefined)
    const prepared = super.prepareQuery(text, fields, preparedName, arrays, mapper, metadata, cache)
    if (carries) carryContext(prepared, fields !== undefined)
    return prepared as never
  }

  /** Raw SQL has no RETURNING to ride on: a transaction of its own carries the context. */
  override execute<T>(query: SQL): Promise<T> {
    const isWrite = !this.contextIsSet && RAW_WRITE.test(this.pgDialect.sqlToQuery(query).sql)
    if (!isWrite) return super.execute(query)
    return this.transaction((tx) => tx.execute(query) as unknown as Promise<T>)
  }

  override transaction<T>(
    work: (tx: PostgresJsTransaction<Schema, Schema>) => Promise<T>,
    config?: PgTransactionConfig,
  ): Promise<T> {
    return this.client.begin(async (client) => {
      const session = new AuditedSession(client as unknown as Sql, this.pgDialect, true)
      const tx = new PostgresJsTransaction<Schema, Schema>(this.pgDialect, session as never, undefined)
      if (config) await tx.setTransaction(config)
      sendContext(client)
      return work(tx)
    }) as Promise<T>
  }

  private isWorthPreparing({ sql, params }: Query): boolean {
    if (params.length === 0 || params.length > PREPARED.maxParams) return false
    if (this.preparedTexts.has(sql)) return true
    if (this.preparedTexts.size >= PREPARED.maxTexts) return false
    this.preparedTexts.add(sql)
    return true
  }
}

const isAuditedWrite = (metadata: Metadata): boolean =>
  metadata !== undefined &&
  metadata.type !== 'select' &&
  metadata.tables.some((table) => auditPolicyOf(table) !== undefined)

const CONTEXT_PARAM = 'auditContext'

/** The context is always a bound parameter, never part of the text. */
function withContext(query: Query, returns: boolean): Query {
  const call = `(select set_config('${CONTEXT_SETTING}', $${query.params.length + 1}, true) is null)`
  return {
    ...query,
    sql: `${query.sql}${returns ? ',' : ' returning'} ${call}`,
    params: [...query.params, new Placeholder(CONTEXT_PARAM)],
  }
}

/** Fills the parameter when the statement runs, not when it was prepared: a prepared statement serves many requests. */
function carryContext(prepared: ReturnType<Session['prepareQuery']>, returns: boolean): void {
  const execute = prepared.execute.bind(prepared)
  prepared.execute = async (values) => {
    const rows = await execute({ ...values, [CONTEXT_PARAM]: serializeContext() })
    // Without a RETURNING of its own a statement has a count and no rows, as everywhere in drizzle.
    if (!returns && Array.isArray(rows)) rows.length = 0
    return rows
  }
}

/** Pipelined behind BEGIN. Its failure would fail the transaction, whose own error is the one to report. */
function sendContext(client: TransactionSql): void {
  const context = serializeContext()
  if (context)
    client`select set_config(${CONTEXT_SETTING}, ${context}, true)`.execute().catch(() => undefined)
}
