import { asc, type Column, desc, getTableColumns, type SQL, sql } from 'drizzle-orm'
import { InvalidCursor } from '../../lib/errors/errors.js'
import { decodeCursor, encodeCursor, type Page, type PageQuery } from '../../lib/schema/pagination.js'
import { boundOf, checkPrecision, isText, type SortColumn } from './sort-columns.js'

type Row = { id: string }

type Keyset<R extends Row> = {
  /** The condition for the rows after the cursor. Undefined on the first page. */
  after: SQL | undefined
  orderBy: SQL[]
  /** One more than the page size. If that row exists, there is a next page. */
  limit: number
  /** `hasMore` says if there is a next page. Default: true if there are more rows than the page size. */
  toPage: <T extends R>(rows: T[], hasMore?: boolean) => Page<T>
}

/**
 * Keyset pagination: every page costs the same, and rows that are inserted or deleted between pages
 * cause no duplicates or gaps. Only `columns` can be sorted by, and ids break ties. The table of every
 * text column must have the same ids as `idColumn`.
 * @throws {InvalidCursor} when the cursor does not belong to this list and sort order
 * @throws {TypeError} when the sort column is more precise than a cursor
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
 * A cursor holds only the beginning of a long text, so this reads the whole text from the cursor's
 * row. If that row was deleted, the page continues from the beginning of the text: rows that share the
 * beginning may repeat, but none is lost.
 */
function wholeTextOf(column: SortColumn, { value, id }: Position): SQL {
  if (!isText(column)) throw new InvalidCursor()
  const key: Column | undefined = getTableColumns(column.table).id
  const prefix = sql.param(value, column)
  if (!key) return sql`${prefix}`
  return sql`coalesce((select ${column} from ${column.table}
    where ${key} = ${id} and starts_with(${column}, ${prefix})), ${prefix})`
}
