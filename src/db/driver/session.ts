import type { PgDialect, PgTransactionConfig } from 'drizzle-orm/pg-core'
import { PostgresJsSession, PostgresJsTransaction } from 'drizzle-orm/postgres-js'
import type { Sql } from 'postgres'
import { type Context, currentContext } from '../../lib/audit/context.js'
import { inSpan, type SpanDescription } from '../../lib/observability/tracing.js'
import { type ChangedRows, countChangedRows, leavesEntryPerRow, rowsOf } from './changed-rows.js'
import { CONTEXT_SETTING, serializeContext } from './context.js'
import { plainStatement, type Run } from './plain-statement.js'
import type { ConnectionPool } from './pool.js'
import { PreparedTexts } from './prepared-texts.js'
import type { TraceStatement } from './statement-spans.js'
import { Transaction } from './transaction.js'
import { CONTEXT_PARAM, carriesContext, mayWrite, withContext } from './writes.js'

type Schema = Record<string, never>
type Prepare = PostgresJsSession<Sql, Schema, Schema>['prepareQuery']
type Values = Record<string, unknown> | undefined
type Execute = (values?: Values) => Promise<unknown>
type Work<T> = (tx: PostgresJsTransaction<Schema, Schema>) => Promise<T>

/** A transaction, the context that its setting holds at the moment, and what it has changed so far. */
type Held = {
  transaction: Transaction
  context: Context | undefined | typeof UNKNOWN
  changed: ChangedRows[]
}
const UNKNOWN = Symbol('unknown')

const TRANSACTION: SpanDescription = { name: 'transaction', kind: 'internal', attributes: {} }

/**
 * drizzle's session on our own pool, with two additions. Statements are prepared on the server, which saves a round trip
 * each. And every write carries the audit context to the triggers, of whatever table: a cascade may reach an audited one.
 *
 * - A write of a builder: PostgreSQL evaluates RETURNING before it fires AFTER triggers, so a setting made there arrives
 *   with the statement itself, without a transaction or a second round trip around it.
 * - Raw SQL, of which nobody knows what it writes (`select a_function()`), and a CTE that writes, for which RETURNING may
 *   be left without a row to be evaluated: a transaction of its own.
 * - In a transaction the setting is made at its start, and again when the context is another one.
 */
export class AuditedSession extends PostgresJsSession<Sql, Schema, Schema> {
  constructor(
    readonly pool: ConnectionPool,
    private readonly pgDialect: PgDialect,
    readonly trace: TraceStatement | undefined,
    readonly texts = new PreparedTexts(),
    /** Undefined outside a transaction. */
    protected readonly held?: Held,
  ) {
    // A statement gets its client when it runs.
    super(undefined as never, pgDialect, undefined)
  }

  override prepareQuery: Prepare = (query, fields, name, arrays, mapper, metadata, cache) => {
    const rides = !this.held && carriesContext(query, metadata)
    const text = rides ? withContext(query, fields !== undefined) : query
    const preparedName = name ?? (this.texts.admit(text) ? 'auto' : undefined)
    const prepared = super.prepareQuery(text, fields, preparedName, arrays, mapper, metadata, cache)
    const { execute } = prepared
    const on = (values: Values) => (client: Sql) =>
      execute.call(Object.assign(Object.create(prepared), { client }), values)
    const surrounds = !rides && mayWrite(query, metadata)
    const run: Run = (statement) => (surrounds ? this.surround(statement) : this.run(statement))
    const isPrepared = preparedName !== undefined
    const plain = fields && !mapper && plainStatement({ query: text, fields, isPrepared, run })
    prepared.execute = plain || ((values) => run(on(values)))
    if (rides) prepared.execute = carrying(prepared.execute, fields !== undefined)
    if (leavesEntryPerRow(query, metadata)) prepared.execute = this.counting(prepared.execute)
    if (this.trace) prepared.execute = this.trace(text.sql, prepared.execute)
    return prepared as never
  }

  override transaction<T>(work: Work<T>, config?: PgTransactionConfig): Promise<T> {
    return inSpan(TRANSACTION, () => this.begin(work, config))
  }

  private async begin<T>(work: Work<T>, config?: PgTransactionConfig): Promise<T> {
    const changed: ChangedRows[] = []
    const begun = async (transaction: Transaction) => {
      const tx = this.inside({ transaction, context: currentContext(), changed })
      // Where nothing can be written, nobody has to answer for it.
      if (config?.accessMode !== 'read only') sendContext(transaction)
      return work(tx)
    }
    const result = await Transaction.begin(this.pool, begun, modeOf(config))
    countChangedRows(changed)
    return result
  }

  /** A transaction in the transaction. */
  async savepoint<T>(work: Work<T>): Promise<T> {
    const held = this.held as Held
    const changedBefore = held.changed.length
    try {
      return await held.transaction.savepoint(() => work(this.inside(held)))
    } catch (error) {
      // The way back to the savepoint takes settings along, and changes.
      held.context = UNKNOWN
      held.changed.length = changedBefore
      throw error
    }
  }

  private inside(held: Held): AuditedTransaction {
    return new AuditedTransaction(
      this.pgDialect,
      new AuditedSession(this.pool, this.pgDialect, this.trace, this.texts, held),
    )
  }

  private run<T>(statement: (client: Sql) => Promise<T>): Promise<T> {
    return this.held ? this.held.transaction.run(statement) : this.pool.run(statement)
  }

  /** Counts once they are committed: what is rolled back has no entries. */
  private counting<V, T>(execute: (values?: V) => Promise<T>): (values?: V) => Promise<T> {
    return async (values) => {
      const context = currentContext()
      const result = await execute(values)
      const changed = { context, rows: rowsOf(result) }
      if (this.held) this.held.changed.push(changed)
      else countChangedRows([changed])
      return result
    }
  }

  private surround<T>(statement: (client: Sql) => PromiseLike<T>): Promise<T> {
    const { held } = this
    if (!held) {
      return Transaction.begin(this.pool, (transaction) => {
        sendContext(transaction)
        return transaction.run(statement)
      })
    }
    const context = currentContext()
    if (held.context !== context) {
      held.context = context
      sendContext(held.transaction)
    }
    return held.transaction.run(statement)
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

/** The parameter is filled when the statement runs, not when it was prepared: one serves many requests. */
function carrying(execute: Execute, returns: boolean): Execute {
  return async (values) => {
    const rows = await execute({ ...values, [CONTEXT_PARAM]: serializeContext() })
    // Without a RETURNING of its own a statement has a count and no rows, as everywhere in drizzle.
    if (!returns && Array.isArray(rows)) rows.length = 0
    return rows
  }
}

/** What follows BEGIN: a statement of its own would be one more round trip. */
const modeOf = ({ isolationLevel, accessMode, deferrable }: PgTransactionConfig = {}): string =>
  [isolationLevel && `isolation level ${isolationLevel}`, accessMode, deferrable && 'deferrable']
    .filter(Boolean)
    .join(' ')

/** Sent ahead without waiting. Its failure fails the transaction, whose own error is the one to report. */
function sendContext(transaction: Transaction): void {
  transaction
    .run((client) => client`select set_config(${CONTEXT_SETTING}, ${serializeContext()}, true)`.execute())
    .catch(() => undefined)
}
