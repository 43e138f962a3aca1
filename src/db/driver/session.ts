// No library serves: the session of drizzle needs the pool of postgres.js, and cannot send the audit context
// in a statement.
import type { PgDialect, PgTransactionConfig } from 'drizzle-orm/pg-core'
import { PostgresJsSession, PostgresJsTransaction } from 'drizzle-orm/postgres-js'
import type { Sql } from 'postgres'
import { type Context, currentContext } from '../../lib/audit/context.js'
import { inSpan, type SpanDescription } from '../../lib/observability/tracing.js'
import { type ChangedRows, countChangedRows, countRows, leavesEntryPerRow } from './changed-rows.js'
import { CONTEXT_SETTING, serializeContext } from './context.js'
import { drizzleClient } from './drizzle-client.js'
import { plainStatement, type Run } from './plain-statement.js'
import type { ConnectionPool } from './pool.js'
import { PreparedTexts } from './prepared-texts.js'
import { send } from './statement.js'
import type { TraceStatement } from './statement-spans.js'
import { Transaction } from './transaction.js'
import { CONTEXT_PARAM, carriesContext, mayWrite, withContext } from './writes.js'

type Schema = Record<string, never>
type Prepare = PostgresJsSession<Sql, Schema, Schema>['prepareQuery']
type Values = Record<string, unknown> | undefined
type Execute = (values?: Values) => Promise<unknown>
type Work<T> = (tx: PostgresJsTransaction<Schema, Schema>) => Promise<T>

type OpenTransaction = {
  transaction: Transaction
  /** The context that the transaction's setting holds now. */
  context: Context | undefined | typeof UNKNOWN
  /** The rows that the transaction has changed so far. */
  changed: ChangedRows[]
}
const UNKNOWN = Symbol('unknown')

const TRANSACTION: SpanDescription = { name: 'transaction', kind: 'internal', attributes: {} }

/**
 * drizzle's session on this project's pool, with two additions. Statements are prepared on the
 * server, which saves a round trip each. And every write carries the audit context to the triggers,
 * even a write of an unaudited table, because it may cascade to an audited one:
 *
 * - A write of a query builder sets the context in its RETURNING clause. PostgreSQL evaluates
 *   RETURNING before AFTER triggers, so this needs no transaction and no second round trip.
 * - Raw SQL may write anything (`select a_function()`), and a CTE that writes may return no row, so
 *   that RETURNING is never evaluated. Both get a transaction that sets the context first.
 * - A transaction sets the context at its start, and again when a statement has another context.
 */
export class AuditedSession extends PostgresJsSession<Sql, Schema, Schema> {
  constructor(
    readonly pool: ConnectionPool,
    private readonly pgDialect: PgDialect,
    readonly trace: TraceStatement | undefined,
    readonly texts = new PreparedTexts(),
    /** Undefined outside a transaction. */
    protected readonly current?: OpenTransaction,
  ) {
    // Each statement gets its client when it runs.
    super(undefined as never, pgDialect, undefined)
  }

  override prepareQuery: Prepare = (query, fields, name, arrays, mapper, metadata, cache) => {
    const carries = !this.current && carriesContext(query, metadata)
    const text = carries ? withContext(query, fields !== undefined) : query
    const preparedName = name ?? (this.texts.admit(text) ? 'auto' : undefined)
    const prepared = super.prepareQuery(text, fields, preparedName, arrays, mapper, metadata, cache)
    const { execute } = prepared
    const executeWith = (values: Values) => (client: Sql) =>
      execute.call(Object.assign(Object.create(prepared), { client: drizzleClient(client) }), values)
    const sendsContextFirst = !carries && mayWrite(query, metadata)
    const run: Run = (statement) => (sendsContextFirst ? this.runWithContext(statement) : this.run(statement))
    const isPrepared = preparedName !== undefined
    const plain = fields && !mapper && plainStatement({ query: text, fields, isPrepared, run })
    prepared.execute = plain || ((values) => run(executeWith(values)))
    if (carries) prepared.execute = addingContext(prepared.execute, fields !== undefined)
    if (leavesEntryPerRow(query, metadata)) prepared.execute = this.countingRows(prepared.execute)
    if (this.trace) prepared.execute = this.trace(text.sql, prepared.execute)
    return prepared as never
  }

  override transaction<T>(work: Work<T>, config?: PgTransactionConfig): Promise<T> {
    return inSpan(TRANSACTION, () => this.begin(work, config))
  }

  private async begin<T>(work: Work<T>, config?: PgTransactionConfig): Promise<T> {
    const changed: ChangedRows[] = []
    const runWork = async (transaction: Transaction) => {
      const tx = this.drizzleTransactionOn({ transaction, context: currentContext(), changed })
      // A read-only transaction causes no audit entries.
      if (config?.accessMode !== 'read only') sendContext(transaction)
      return work(tx)
    }
    const result = await Transaction.begin(this.pool, runWork, modeOf(config))
    countChangedRows(changed)
    return result
  }

  /** A nested transaction: runs `work` within a savepoint. */
  async savepoint<T>(work: Work<T>): Promise<T> {
    const current = this.current as OpenTransaction
    const changedBefore = current.changed.length
    try {
      return await current.transaction.savepoint(() => work(this.drizzleTransactionOn(current)))
    } catch (error) {
      // A rollback to the savepoint also reverts settings and changes.
      current.context = UNKNOWN
      current.changed.length = changedBefore
      throw error
    }
  }

  private drizzleTransactionOn(current: OpenTransaction): AuditedTransaction {
    return new AuditedTransaction(
      this.pgDialect,
      new AuditedSession(this.pool, this.pgDialect, this.trace, this.texts, current),
    )
  }

  private run<T>(statement: (client: Sql) => Promise<T>): Promise<T> {
    return this.current ? this.current.transaction.run(statement) : this.pool.run(statement)
  }

  /** Counts changed rows after the commit: rows that are rolled back have no entries. */
  private countingRows<V, T>(execute: (values?: V) => Promise<T>): (values?: V) => Promise<T> {
    return async (values) => {
      const context = currentContext()
      const result = await execute(values)
      const changed = { context, rows: countRows(result) }
      if (this.current) this.current.changed.push(changed)
      else countChangedRows([changed])
      return result
    }
  }

  private runWithContext<T>(statement: (client: Sql) => PromiseLike<T>): Promise<T> {
    const { current } = this
    if (!current) {
      return Transaction.begin(this.pool, (transaction) => {
        sendContext(transaction)
        return transaction.run(statement)
      })
    }
    const context = currentContext()
    if (current.context !== context) {
      current.context = context
      sendContext(current.transaction)
    }
    return current.transaction.run(statement)
  }
}

class AuditedTransaction extends PostgresJsTransaction<Schema, Schema> {
  constructor(
    dialect: PgDialect,
    private readonly audited: AuditedSession,
  ) {
    super(dialect, audited as never, undefined)
  }

  override transaction<T>(work: Work<T>): Promise<T> {
    return this.audited.savepoint(work)
  }
}

/** Fills in the context when the statement runs: a prepared statement serves many requests. */
function addingContext(execute: Execute, returns: boolean): Execute {
  return async (values) => {
    const rows = await execute({ ...values, [CONTEXT_PARAM]: serializeContext() })
    // Without RETURNING, the caller expects a count and no rows, as everywhere in drizzle.
    if (!returns && Array.isArray(rows)) rows.length = 0
    return rows
  }
}

/** The mode as part of BEGIN, which saves a round trip. */
const modeOf = ({ isolationLevel, accessMode, deferrable }: PgTransactionConfig = {}): string =>
  [isolationLevel && `isolation level ${isolationLevel}`, accessMode, deferrable && 'deferrable']
    .filter(Boolean)
    .join(' ')

const SET_CONTEXT = 'select set_config($1, $2, true)'

/** Sends the setting without waiting. A failure here fails the transaction, which reports it. */
function sendContext(transaction: Transaction): void {
  transaction
    .run((client) => send(client, SET_CONTEXT, [CONTEXT_SETTING, serializeContext()], { prepare: true }))
    .catch(() => undefined)
}
