// No library serves: the constructor of each query of postgres.js assigns two closures to its properties. V8
// allocates such closures in its old space, where they keep the query and its whole request until the next
// major garbage collection: 3.6 kB and 50 to 70 µs of CPU time a request.
import type { Row, RowList, Sql } from 'postgres'

/** Gives a query to a connection: what each query of postgres.js has as `handler`. */
type Handler = (query: unknown) => void

type Options = { simple: boolean; prepare: boolean }

/** `values` for rows as arrays of values, `false` for rows as objects. */
type RowShape = 'values' | false

/** Several statements in one text need the simple protocol, which has no parameters. */
const SIMPLE: Options = { simple: true, prepare: false }
const UNNAMED: Options = { simple: false, prepare: false }
const PREPARED: Options = { simple: false, prepare: true }

/**
 * What a connection of postgres.js 3.4.9 reads and writes of a query, without what this project does not use: cursors,
 * streams and cancellation. test/db/statement.test.ts compares it with a query of the installed version.
 */
export class Statement {
  readonly tagged = false
  readonly strings: readonly [string]
  state = null
  statement = null
  active = false
  cancelled = null
  executed = true
  // The connection writes these. Objects that have all properties from the start share one hidden class.
  signature: unknown = ''
  string = ''
  parameters: unknown = undefined
  prepare = false
  prepared: unknown = false
  describeFirst: unknown = false
  onlyDescribe = undefined
  retried: unknown = undefined
  parsing = false

  constructor(
    text: string,
    readonly args: readonly unknown[],
    readonly options: Options,
    readonly isRaw: RowShape,
    private readonly onResult: (rows: never) => void,
    private readonly onError: (error: unknown) => void,
  ) {
    this.strings = [text]
  }

  /** The stack of the caller, which postgres.js adds to errors of tagged templates only. */
  get origin(): string {
    return ''
  }

  resolve(rows: never): void {
    this.active = false
    this.onResult(rows)
  }

  reject(error: unknown): void {
    this.active = false
    this.onError(error)
  }
}

type SendOptions = {
  /** Keeps the statement prepared on the connection. Default: false. */
  prepare?: boolean | undefined
  /** Default: false, objects. */
  rows?: RowShape
}

/**
 * Sends a statement, as `sql.unsafe(text, params)` does, but at once: a query of postgres.js that is not awaited is
 * sent later than one of this function after it.
 */
export function send<T = RowList<Row[]>>(
  sql: Sql,
  text: string,
  params: readonly unknown[] = [],
  { prepare = false, rows = false }: SendOptions = {},
): Promise<T> {
  const options = params.length === 0 ? SIMPLE : prepare ? PREPARED : UNNAMED
  return new Promise((resolve, reject) => {
    handlerOf(sql)(new Statement(text, params, options, rows, resolve as (rows: never) => void, reject))
  })
}

const handlers = new WeakMap<Sql, Handler>()

function handlerOf(sql: Sql): Handler {
  const known = handlers.get(sql)
  if (known) return known
  const { handler } = sql.unsafe('') as unknown as { handler: Handler }
  handlers.set(sql, handler)
  return handler
}
