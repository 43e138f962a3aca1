import type { AnyColumn } from 'drizzle-orm'
import { InvalidCursor } from '../../lib/errors/errors.js'
import { isStorableDate, isStorableTime, isUuid } from '../../lib/schema/formats.js'

type Bound = string | number | boolean | Date
type Read = (text: string, column: { enumValues: string[] | undefined }) => Bound | undefined

const text: Read = (value) => value

const integer =
  (bits: 16 | 32 | 53): Read =>
  (value) => {
    const limit = 2 ** (bits === 53 ? 53 : bits - 1)
    const number = /^-?\d{1,16}$/.test(value) ? Number(value) : Number.NaN
    return number >= -limit && number < limit ? number : undefined
  }

/** Parses a cursor's text by the type of its column. Undefined for values that the type cannot hold. */
const READ_BY_TYPE = {
  PgBigInt53: integer(53),
  PgBoolean: (value) => (value === 'true' || value === 'false' ? value === 'true' : undefined),
  PgDateString: (value) => (isStorableDate(value) ? value : undefined),
  PgEnumColumn: (value, { enumValues }) => (enumValues?.includes(value) ? value : undefined),
  PgInteger: integer(32),
  PgSmallInt: integer(16),
  PgText: text,
  PgTimestamp: (value) => (isStorableTime(value) ? new Date(value) : undefined),
  PgUUID: (value) => (isUuid(value) ? value : undefined),
  PgVarchar: text,
} satisfies Record<string, Read>

/**
 * A column that a list can be sorted by. It must be NOT NULL: comparisons with null are never true, so
 * later pages would lose rows. Its type must be one of the types above.
 */
export type SortColumn = AnyColumn<{ notNull: true; columnType: keyof typeof READ_BY_TYPE }>

/** True for columns whose values a cursor may cut. */
export const isText = ({ columnType }: { columnType: string }): boolean =>
  columnType === 'PgText' || columnType === 'PgVarchar'

/**
 * The cursor's value for a comparison with the column.
 * @throws {InvalidCursor} when the column cannot hold the value; PostgreSQL's error would be a 500
 */
export function boundOf(column: SortColumn, value: string): Bound {
  const read: Read = READ_BY_TYPE[column.columnType as keyof typeof READ_BY_TYPE]
  const bound = read(value, column)
  if (bound === undefined) throw new InvalidCursor()
  return bound
}

/**
 * Cursors have milliseconds. A column with microseconds would lose rows between pages.
 * @throws {TypeError} when a timestamp is more precise than milliseconds
 */
export function checkPrecision(column: SortColumn): void {
  const { precision = 6 } = column as { precision?: number }
  if (column.columnType === 'PgTimestamp' && precision > 3)
    throw new TypeError(`${column.name} is more precise than a cursor: declare it with moment()`)
}
