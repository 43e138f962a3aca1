import type { Query } from 'drizzle-orm'
import { PgDatabase, type PgDialect } from 'drizzle-orm/pg-core'
import { PostgresJsSession } from 'drizzle-orm/postgres-js'
import type { Sql } from 'postgres'
import { SCOPE_SETTING } from '../declarations/tenant-policies.js'
import type { Db } from '../driver/client.js'
import { plainStatement } from '../driver/plain-statement.js'
import type { AuditedSession } from '../driver/session.js'
import { Transaction } from '../driver/transaction.js'

type Schema = Record<string, never>
type Prepare = PostgresJsSession<Sql, Schema, Schema>['prepareQuery']
type Rows = readonly (readonly unknown[])[]

/** Fields of drizzle's database that its types do not export. */
type Internals = { session: AuditedSession; dialect: PgDialect }

/** The session behind drizzle's database. */
export const sessionOf = (db: Db): AuditedSession => (db as unknown as Internals).session

/** A read-only database whose statements see only the rows of `scope`. */
export function scopedReads(db: Db, scope: string): Db {
  const { session, dialect } = db as unknown as Internals
  return new PgDatabase(dialect, new ScopedReads(session, dialect, scope), undefined) as unknown as Db
}

/**
 * A transaction around one query would cost more than the query. So a select sets its scope itself:
 * a single statement is a transaction, to which the setting is local. Other statements get a
 * read-only transaction.
 */
class ScopedReads extends PostgresJsSession<Sql, Schema, Schema> {
  constructor(
    private readonly base: AuditedSession,
    dialect: PgDialect,
    private readonly scope: string,
  ) {
    // Each statement gets its client when it runs.
    super(undefined as never, dialect, undefined)
  }

  override prepareQuery: Prepare = (query, fields, name, arrays, mapper, metadata, cache) => {
    const text = withScope(query, this.scope)
    const isPrepared = this.base.texts.admit(text)
    const run = <T>(statement: (client: Sql) => Promise<T>) =>
      this.base.pool.run(statement).then((rows) => (rows as Rows).filter((row) => row.at(-1) !== null) as T)
    const isSelect = metadata?.type === 'select'
    const select = isSelect && fields && !mapper && plainStatement({ query: text, fields, isPrepared, run })
    const prepared = super.prepareQuery(query, fields, name, arrays, mapper, metadata, cache)
    const { execute } = prepared
    prepared.execute =
      select ||
      ((values) =>
        this.inTransaction((client) =>
          execute.call(Object.assign(Object.create(prepared), { client }), values),
        ))
    if (this.base.trace) prepared.execute = this.base.trace(query.sql, prepared.execute)
    return prepared
  }

  override transaction(): never {
    throw new Error('Scoped reads have no transactions')
  }

  private inTransaction<T>(statement: (client: Sql) => Promise<T>): Promise<T> {
    const runInScope = async (transaction: Transaction) => {
      await transaction.run((client) => client`select set_config(${SCOPE_SETTING}, ${this.scope}, true)`)
      return transaction.run(statement)
    }
    return Transaction.begin(this.base.pool, runInScope, 'read only')
  }
}

/**
 * PostgreSQL evaluates the setting first and then the query in a nested loop: a left join without a
 * join condition has no other order. If the query finds no row, the join returns one with null in the
 * last column.
 */
const withScope = ({ sql, params, ...others }: Query, scope: string): Query => ({
  ...others,
  sql: `select found.* from (select set_config('${SCOPE_SETTING}', $${params.length + 1}, true) offset 0) as setting
left join (select query.*, true from (${sql}\n) as query) as found on true`,
  params: [...params, scope],
})
