import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { is } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import type { Sql } from 'postgres'
import * as schema from '../schema/index.js'

/** The names of columns by table. Tables outside `public` have their schema before the name. */
export type Columns = ReadonlyMap<string, ReadonlySet<string>>

/** What the code expects. */
export function declaredColumns(): Columns {
  const tables = Object.values(schema).filter((each) => is(each, PgTable))
  return new Map(
    tables.map((table) => {
      const { name, schema = 'public', columns } = getTableConfig(table)
      return [keyOf(schema, name), new Set(columns.map((column) => column.name))]
    }),
  )
}

type Snapshot = { tables: Record<string, { name: string; schema: string; columns: Record<string, unknown> }> }

/** What the migrations lead to. Undefined if the folder has no snapshots. */
export async function migratedColumns(folder: string): Promise<Columns | undefined> {
  const files = await readdir(join(folder, 'meta')).catch(() => [])
  const newest = files
    .filter((file) => /^\d{4}_snapshot\.json$/.test(file))
    .sort()
    .at(-1)
  if (newest === undefined) return undefined
  const { tables }: Snapshot = JSON.parse(await readFile(join(folder, 'meta', newest), 'utf8'))
  return new Map(
    Object.values(tables).map(({ name, schema, columns }) => [
      keyOf(schema || 'public', name),
      new Set(Object.keys(columns)),
    ]),
  )
}

/** What the database has, with tables that nothing here declares. */
export async function existingColumns(sql: Sql): Promise<Columns> {
  const rows = await sql<{ schema: string; name: string; columns: string[] }[]>`
    select nspname as schema, relname as name,
      coalesce(array_agg(attname::text) filter (where attnum > 0 and not attisdropped), '{}') as columns
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace left join pg_attribute on attrelid = pg_class.oid
    where relkind in ('r', 'p') and nspname !~ '^pg_|^information_schema$'
    group by 1, 2`
  return new Map(rows.map(({ schema, name, columns }) => [keyOf(schema, name), new Set(columns)]))
}

const keyOf = (schema: string, table: string): string => (schema === 'public' ? table : `${schema}.${table}`)
