import { asc, type Column, desc, type SQL, sql } from 'drizzle-orm'
import { InvalidCursor } from '../../lib/errors.js'
import { isStorableTime } from '../../lib/formats.js'
import { decodeCursor, encodeCursor, type Page, type PageQuery } from '../../lib/pagination.js'

type Row = { id: string }

type Keyset<R extends Row> = {
  /** The condition for the rows behind the cursor; undefined on the first page. */
  after: SQL | undefined
  orderBy: SQL[]
  /** One more than asked for: its presence says that there is a next page. */
  limit: number
  /** There is a next page where more rows came than were asked for, or the caller knows of more. */
  toPage: <T extends R>(rows: T[], hasMore?: boolean) => Page<T>
}

/**
 * Keyset pagination: it costs the same on every page, and rows that come or go meanwhile neither repeat nor hide others.
 * Only the listed columns can be sorted by; ids settle ties.
 */
export function keysetPage<R extends Row, F extends string & keyof R>(
  columns: Record<F, Column>,
  idColumn: Column,
  { limit, cursor, sort }: PageQuery<F | `-${F}`>,
): Keyset<R> {
  const descending = sort.startsWith('-')
  const field = (descending ? sort.slice(1) : sort) as F
  const column = columns[field]
  const direction = descending ? desc : asc
  const sortColumns = column === idColumn ? [idColumn] : [column, idColumn]
  const cursorOf = (row: R) => encodeCursor({ sort, value: textOf(row[field]), id: row.id })
  return {
    after: cursor === undefined ? undefined : rowsAfter(sortColumns, descending, decodeCursor(cursor, sort)),
    orderBy: sortColumns.map((sortColumn) => direction(sortColumn)),
    limit: limit + 1,
    toPage: (rows, hasMore = rows.length > limit) => {
      const data = rows.slice(0, limit)
      const last = data.at(-1)
      return { data, nextCursor: hasMore && last ? cursorOf(last) : null }
    },
  }
}

const textOf = (value: unknown): string => (value instanceof Date ? value.toISOString() : String(value))

function rowsAfter(sortColumns: Column[], descending: boolean, position: { value: string; id: string }): SQL {
  const bounds = sortColumns.map((column, i) =>
    sql.param(i === sortColumns.length - 1 ? position.id : boundOf(column, position.value), column),
  )
  return sql`(${sql.join(sortColumns, sql`, `)}) ${descending ? sql`<` : sql`>`} (${sql.join(bounds, sql`, `)})`
}

function boundOf(column: Column, value: string): string | Date {
  if (column.dataType !== 'date') return value
  if (!isStorableTime(value)) throw new InvalidCursor()
  return new Date(value)
}

/** A pattern for LIKE that means the text itself. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`
