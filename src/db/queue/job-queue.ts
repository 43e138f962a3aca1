import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Sql } from 'postgres'
import { nodePostgresConfig } from '../../lib/database-url/index.js'

/** The schema of BullMQ's tables, used without Redis. A migration creates the schema, BullMQ its tables. */
export const JOB_SCHEMA = 'jobs'

const POOL_MAX = 3

/** BullMQ's connection to its tables. `connectTimeoutMs`: see `nodePostgresConfig`. */
export const inDatabase = (url: string, connectTimeoutMs?: number) => ({
  ...nodePostgresConfig(url, connectTimeoutMs),
  schema: JOB_SCHEMA,
  max: POOL_MAX,
})

/**
 * Migrates BullMQ's tables to its installed version, unless a newer version has migrated them
 * already. `sql` must be a single connection.
 */
export async function migrateJobQueue(sql: Sql): Promise<void> {
  const version = `BullMQ ${installedVersion()}`
  const [schema] = await sql<{ version: string | null }[]>`
    select obj_description(oid, 'pg_namespace') as version from pg_namespace where nspname = ${JOB_SCHEMA}`
  if (schema?.version === version || isNewer(schema?.version, version)) return
  // Loaded only when needed, because it is slow to load.
  const { runMigrations } = await import('bullmq')
  const query = async (text: string, values: unknown[] = []) => {
    const rows = await sql.unsafe(text, values as never[])
    return { rows: [...rows], rowCount: rows.count }
  }
  await runMigrations({ query } as never, JOB_SCHEMA)
  await sql.unsafe(`comment on schema ${JOB_SCHEMA} is '${version}'`)
}

const isNewer = (recorded: string | null | undefined, installed: string): boolean =>
  (recorded ?? '').localeCompare(installed, 'en', { numeric: true }) > 0

function installedVersion(): string {
  const file = createRequire(import.meta.url).resolve('bullmq/package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
