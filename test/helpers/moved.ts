import type { ParameterOrFragment, Row, RowList, Sql } from 'postgres'

type Query = <T extends readonly (object | undefined)[] = Row[]>(
  strings: TemplateStringsArray,
  ...values: ParameterOrFragment<never>[]
) => Promise<RowList<T>>

/** Moves new entries into the audit log. */
export async function moveEntries(sql: Sql): Promise<void> {
  await sql`select audit.move_entries()`
}

/** Queries the audit log with all entries: `moved(sql)`select * from audit.audit_log``. */
export const moved =
  (sql: Sql): Query =>
  async (strings, ...values) => {
    await moveEntries(sql)
    return await sql(strings, ...values)
  }
