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

/** drizzle keeps both to itself. */
type Internals = { session: AuditedSession; dialect: PgDialect }

export const sessionOf = (db: Db): AuditedSession => (db as unknown as Internals).session

/** A database to read from, whose every statement sees what the scope has. */
export function readsIn(db: Db, scope: string): Db {
  const { session, dialect } = db as unknown as Internals
  return new PgDatabase(dialect, new ScopedReads(session, dialect, scope), undefined) as unknown as Db
}

/**
 * A transaction around one query would cost more than the query. So a select brings its scope along, and is a transaction by
 * itself, in which the setting is local. Whatever else comes gets a transaction that cannot write.
 */
class ScopedReads extends PostgresJsSession<Sql, Schema, Schema> {
  constructor(
    private readonly base: AuditedSession,
    dialect: PgDialect,
    private readonly scope: string,
  ) {
    // A statement gets its client when it runs.
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
    throw new Error('What only reads needs no transaction')
  }

  private inTransaction<T>(statement: (client: Sql) => Promise<T>): Promise<T> {
    const begun = async (transaction: Transaction) => {
      await transaction.run((client) => client`select set_config(${SCOPE_SETTING}, ${this.scope}, true)`)
      return transaction.run(statement)
    }
    return Transaction.begin(this.base.pool, begun, 'read only')
  }
}

/**
 * The setting first and then, in a nested loop, the query: nothing joins them, and a left join of that kind has no other order.
 * The last column tells rows from the empty one that it gives where the query finds none.
 */
const withScope = ({ sql, params, ...others }: Query, scope: string): Query => ({
  ...others,
  sql: `select found.* from (select set_config('${SCOPE_SETTING}', $${params.length + 1}, true) offset 0) as setting
left join (select query.*, true from (${sql}\n) as query) as found on true`,
  params: [...params, scope],
})
