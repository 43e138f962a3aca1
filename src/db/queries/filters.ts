/** Conditions of lists. Each is undefined, which `and` skips, when the query lacks its filter. */
import { type Column, eq, ilike, or, type SQL } from 'drizzle-orm'

export const equals = <C extends Column>(column: C, value: C['_']['data'] | undefined): SQL | undefined =>
  value === undefined ? undefined : eq(column, value)

/** The text is a part of one of the columns, ignoring case. */
export const contains = (columns: readonly Column[], text: string | undefined): SQL | undefined =>
  text === undefined ? undefined : or(...columns.map((column) => ilike(column, containing(text))))

/** A LIKE pattern that matches texts containing `text`, with its wildcards escaped. */
const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`
