import { explainStates, type MigrationState, migrationStatus } from '../migrate/index.js'
import { withConnection } from '../migrate/session.js'
import { type Columns, declaredColumns, existingColumns, migratedColumns } from './columns.js'
import { MIGRATIONS_FOLDER as folder } from './setup.js'

/**
 * What differs between tables in the code, migration files and the database, with the way out: a
 * difference would otherwise show as a failed query of some route. For development, and `db:status`.
 */
export async function explainDatabase(url: string, states?: MigrationState[]): Promise<string[]> {
  const migrations = explainStates(states ?? (await migrationStatus(url, { folder })))
  return [
    ...migrations.map(({ text }) => text),
    ...(await explainSchema()),
    // Until then the columns have to differ.
    ...(migrations.length === 0 ? await explainColumns(url) : []),
  ]
}

async function explainSchema(): Promise<string[]> {
  const [declared, migrated] = [declaredColumns(), await migratedColumns(folder)]
  if (migrated === undefined) return []
  const tables = new Set([...declared.keys(), ...migrated.keys()])
  const differences = [...tables].flatMap((table) => {
    if (!migrated.has(table)) return `the table ${table} is only in src/db/schema`
    if (!declared.has(table)) return `the table ${table} is only in the migrations`
    const added = without(declared, migrated, table).map((name) => `${name} is only in src/db/schema`)
    const removed = without(migrated, declared, table).map((name) => `${name} is only in the migrations`)
    return added.length + removed.length === 0 ? [] : `in ${table}, ${[...added, ...removed].join(', ')}`
  })
  return differences.map(
    (difference) =>
      `${difference}: run npm run db:generate -- --name what_it_does, and then npm run db:upgrade`,
  )
}

/** Compares the database with what its migrations lead to. Columns that are only there do no harm. */
export async function explainColumns(url: string): Promise<string[]> {
  const migrated = (await migratedColumns(folder)) ?? declaredColumns()
  const existing = await withConnection(url, existingColumns)
  return [...migrated.keys()].flatMap((table) => {
    const missing = without(migrated, existing, table)
    if (missing.length === 0) return []
    const others = without(existing, migrated, table)
    const found = !existing.has(table)
      ? `the database lacks the table ${table}`
      : `in the database, ${table} lacks ${missing.join(', ')}${others.length > 0 ? `, and has ${others.join(', ')}` : ''}`
    return `${found}, although all migrations are applied: it was changed by hand. Undo that, or run npm run db:reset`
  })
}

const without = (one: Columns, other: Columns, table: string): string[] =>
  [...(one.get(table) ?? [])].filter((name) => !other.get(table)?.has(name))
