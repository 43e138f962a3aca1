import type { AnyColumn } from 'drizzle-orm'
import { InvalidCursor } from '../../lib/errors/errors.js'
import { isStorableTime, isUuid } from '../../lib/schema/formats.js'

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

/** How a cursor's text becomes a value again, by the type of its column; undefined for what no such column holds. */
const READ_BY_TYPE = {
  PgBigInt53: integer(53),
  PgBoolean: (value) => (value === 'true' || value === 'false' ? value === 'true' : undefined),
  PgEnumColumn: (value, { enumValues }) => (enumValues?.includes(value) ? value : undefined),
  PgInteger: integer(32),
  PgSmallInt: integer(16),
  PgText: text,
  PgTimestamp: (value) => (isStorableTime(value) ? new Date(value) : undefined),
  PgUUID: (value) => (isUuid(value) ? value : undefined),
  PgVarchar: text,
} satisfies Record<string, Read>

/**
 * What a list can be sorted by. A column that may be null is none: comparisons with null are never true, so the pages after
 * the first would lose rows. Nor is a type that is missing above.
 */
export type SortColumn = AnyColumn<{ notNull: true; columnType: keyof typeof READ_BY_TYPE }>

export const isText = ({ columnType }: { columnType: string }): boolean =>
  columnType === 'PgText' || columnType === 'PgVarchar'

/** Throws InvalidCursor: PostgreSQL would refuse a value that does not fit, as a failure of ours. */
export function boundOf(column: SortColumn, value: string): Bound {
  const read: Read = READ_BY_TYPE[column.columnType as keyof typeof READ_BY_TYPE]
  const bound = read(value, column)
  if (bound === undefined) throw new InvalidCursor()
  return bound
}

/** Throws TypeError: a cursor has milliseconds, and rows between two of them would be lost. */
export function checkPrecision(column: SortColumn): void {
  const { precision = 6 } = column as { precision?: number }
  if (column.columnType === 'PgTimestamp' && precision > 3)
    throw new TypeError(`${column.name} is more precise than a cursor: declare it with moment()`)
}
