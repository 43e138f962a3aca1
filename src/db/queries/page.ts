import { asc, type Column, desc, getTableColumns, type SQL, sql } from 'drizzle-orm'
import { InvalidCursor } from '../../lib/errors/errors.js'
import { decodeCursor, encodeCursor, type Page, type PageQuery } from '../../lib/schema/pagination.js'
import { boundOf, checkPrecision, isText, type SortColumn } from './sort-columns.js'

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
 * Only the listed columns can be sorted by; ids settle ties. `idColumn` has the id that a row has in the table of any text
 * column of the list.
 */
export function keysetPage<R extends Row, F extends string & keyof R>(
  columns: Record<F, SortColumn>,
  idColumn: SortColumn,
  { limit, cursor, sort }: PageQuery<F | `-${F}`>,
): Keyset<R> {
  const descending = sort.startsWith('-')
  const field = (descending ? sort.slice(1) : sort) as F
  const column = columns[field]
  checkPrecision(column)
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

type Position = ReturnType<typeof decodeCursor>

function rowsAfter(sortColumns: SortColumn[], descending: boolean, position: Position): SQL {
  const bounds = sortColumns.map((column, i) => {
    if (i === sortColumns.length - 1) return sql.param(position.id, column)
    return position.isCut ? wholeTextOf(column, position) : sql.param(boundOf(column, position.value), column)
  })
  return sql`(${sql.join(sortColumns, sql`, `)}) ${descending ? sql`<` : sql`>`} (${sql.join(bounds, sql`, `)})`
}

/**
 * Of a long text the cursor has the beginning, and its row the rest. Where that row is gone the page goes on from the
 * beginning: rows that share it may come again, and none is lost.
 */
function wholeTextOf(column: SortColumn, { value, id }: Position): SQL {
  if (!isText(column)) throw new InvalidCursor()
  const key: Column | undefined = getTableColumns(column.table).id
  const beginning = sql.param(value, column)
  if (!key) return sql`${beginning}`
  return sql`coalesce((select ${column} from ${column.table}
    where ${key} = ${id} and starts_with(${column}, ${beginning})), ${beginning})`
}

/** A pattern for LIKE that means the text itself. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`
