import { Column, DrizzleQueryError, fillPlaceholders, is, type Query } from 'drizzle-orm'
import type { Sql } from 'postgres'

/** What drizzle selects, in order; its own type is not exported. */
type SelectedFields = readonly { path: readonly string[]; field: unknown }[]
type Values = Record<string, unknown> | undefined
export type Run = <T>(statement: (client: Sql) => Promise<T>) => Promise<T>

type PlainStatement = { query: Query; fields: SelectedFields; isPrepared: boolean; run: Run }

/**
 * Runs what selects or returns columns as drizzle does, but works out once how to make objects of its rows. drizzle does so for
 * every row, inside spans, a cache and promises around promises, which takes longer than the query itself.
 * Undefined where there is more than columns of one table. What comes after the columns is left out.
 */
export function plainStatement({ query, fields, isPrepared: prepare, run }: PlainStatement) {
  const toObject = objectMaker(fields)
  if (!toObject) return undefined
  return (values: Values = {}) => {
    const params = fillPlaceholders(query.params, values) as never[]
    return run((client) => client.unsafe(query.sql, params, { prepare }).values()).then(
      (rows) => rows.map(toObject),
      (error: Error) => {
        throw new DrizzleQueryError(query.sql, params, error)
      },
    )
  }
}

function objectMaker(fields: SelectedFields) {
  const columns = fields.flatMap(({ path, field }) =>
    path.length === 1 && is(field, Column) ? { name: path[0] as string, column: field } : [],
  )
  if (columns.length < fields.length) return undefined
  // Every row begins as a copy of it: an object that grows by a property at a time takes longer.
  const blank: Record<string, unknown> = Object.fromEntries(columns.map(({ name }) => [name, null]))
  return (row: readonly unknown[]) => {
    const object = { ...blank }
    let i = 0
    for (const { name, column } of columns) {
      const value = row[i++]
      if (value !== null) object[name] = column.mapFromDriverValue(value)
    }
    return object
  }
}
