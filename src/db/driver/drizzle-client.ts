import type { Row, RowList, Sql } from 'postgres'
import { send } from './statement.js'

type Options = { prepare?: boolean }

/** What drizzle's session uses of a client of postgres.js. */
type DrizzleClient = { unsafe: (text: string, params: readonly unknown[], options?: Options) => Query }

const clients = new WeakMap<Sql, DrizzleClient>()

/** A client for drizzle whose queries are statements of `send`. */
export function drizzleClient(sql: Sql): DrizzleClient {
  const known = clients.get(sql)
  if (known) return known
  const client: DrizzleClient = {
    unsafe: (text, params, options) => new Query(sql, text, params, options?.prepare),
  }
  clients.set(sql, client)
  return client
}

/** Runs when it is awaited, once. */
class Query implements PromiseLike<RowList<Row[]>> {
  constructor(
    private readonly sql: Sql,
    private readonly text: string,
    private readonly params: readonly unknown[],
    private readonly prepare: boolean | undefined,
  ) {}

  // biome-ignore lint/suspicious/noThenProperty: drizzle awaits it, or calls `values`
  then<A, B>(
    onResult?: ((rows: RowList<Row[]>) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return send(this.sql, this.text, this.params, { prepare: this.prepare }).then(onResult, onError)
  }

  /** Rows as arrays of values. */
  values(): Promise<unknown[][]> {
    return send(this.sql, this.text, this.params, { prepare: this.prepare, rows: 'values' })
  }
}
