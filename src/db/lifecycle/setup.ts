import { fileURLToPath } from 'node:url'
import type { Sql } from 'postgres'
import { syncAuditTriggers } from '../audit/triggers.js'
import { declaredSchemas } from '../declarations/audited.js'
import { refuseToMigrateThroughPooler } from '../driver/pooler.js'
import { quoteName } from '../driver/quote.js'
import { type History, upgrade } from '../migrate/index.js'
import { JOB_SCHEMA, migrateJobQueue } from '../queue/job-queue.js'
import { forceRowSecurity } from '../tenancy/check.js'
import { markAsProduction } from './production-mark.js'

export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../../drizzle', import.meta.url))

type Setup = {
  /** The role that owns the tables. */
  migrationUrl: string
  /** The role of the application, which gets the rights it needs and no others. */
  appRole: string
  /** How many months the audit log is kept. Undefined keeps it for ever. */
  auditRetentionMonths?: number | undefined
  /** Marks the database, so that `db:reset` and `db:seed` refuse it. Default: false. */
  isProduction?: boolean
  /** Called after each applied migration. */
  onApply?: (name: string) => void
  /** Called if the database is ahead of this release. Nothing is changed then. */
  onAhead?: (history: History) => void
}

/**
 * Migrates a database to this release and returns the names of the applied migrations. Does not
 * change a database that is ahead of this release.
 * @throws {MigrationError} see `upgrade`
 * @throws {OperatorError} when the URL leads through a pooler in transaction mode
 */
export const prepareDatabase = ({ onApply, onAhead, ...setup }: Setup): Promise<string[]> =>
  upgrade(setup.migrationUrl, {
    ...migrationsOf(setup),
    ...(onApply && { onApply }),
    ...(onAhead && { onAhead }),
  })

/** The options of `upgrade` and `downgrade` that every command shares. */
export const migrationsOf = (setup: Omit<Setup, 'onApply' | 'onAhead'>) => ({
  folder: MIGRATIONS_FOLDER,
  before: () => refuseToMigrateThroughPooler(setup.migrationUrl),
  after: (sql: Sql) => afterMigration(sql, setup),
})

/**
 * Updates everything that depends on the schema but is not a migration: row-level security, audit
 * triggers, partitions, the job queue's tables and the application's rights.
 */
export async function afterMigration(
  sql: Sql,
  {
    appRole,
    auditRetentionMonths,
    isProduction,
  }: Pick<Setup, 'appRole' | 'auditRetentionMonths' | 'isProduction'>,
): Promise<void> {
  const schemas = await findSchemas(sql)
  if (isProduction) await markAsProduction(sql)
  await forceRowSecurity(sql)
  if (schemas.has('audit')) {
    await syncAuditTriggers(sql)
    await sql`select audit.ensure_partitions()`
    // A role that may execute the capture function could put it on its own table and forge entries.
    await sql`revoke execute on all functions in schema audit from public`
    await keepRetention(sql, auditRetentionMonths)
  }
  if (schemas.has(JOB_SCHEMA)) await migrateJobQueue(sql)
  await grantToApplication(sql, appRole, schemas)
}

/** The database keeps the retention period, because the application must not be able to shorten it. */
async function keepRetention(sql: Sql, months: number | undefined): Promise<void> {
  const [table] = await sql`select where to_regclass('audit.audit_retention') is not null`
  if (table) await sql`update audit.audit_retention set months = ${months ?? null}`
}

/** A database that was downgraded lacks some of the schemas. */
async function findSchemas(sql: Sql): Promise<Set<string>> {
  const rows = await sql<{ name: string }[]>`select nspname as name from pg_namespace`
  return new Set(rows.map(({ name }) => name))
}

async function grantToApplication(sql: Sql, appRole: string, schemas: Set<string>): Promise<void> {
  const [owner] = await sql<{ isApp: boolean }[]>`select current_user = ${appRole} as "isApp"`
  // With a single role the application owns the tables. Then only triggers keep the audit log append-only.
  if (owner?.isApp) return
  const role = sql.unsafe(quoteName(appRole))
  await sql`grant usage on schema drizzle to ${role}`
  await sql`grant select on drizzle.migrations to ${role}`
  for (const schema of declaredSchemas().filter((name) => schemas.has(name)))
    await grantRows(sql, appRole, schema)
  if (schemas.has('audit')) {
    await sql`grant usage on schema audit to ${role}`
    await sql`grant select on all tables in schema audit to ${role}`
    await grantAuditFunctions(sql, appRole)
  }
  if (schemas.has(JOB_SCHEMA)) {
    const jobs = sql(JOB_SCHEMA)
    await sql`grant usage on schema ${jobs} to ${role}`
    await sql`grant select, insert, update, delete on all tables in schema ${jobs} to ${role}`
    await sql`grant usage on all sequences in schema ${jobs} to ${role}`
    await sql`grant execute on all functions in schema ${jobs} to ${role}`
  }
}

/**
 * Partitions have no policies. So if the root has row-level security, the application gets no rights
 * on the partitions, and reaches their rows only through the root.
 */
async function grantRows(sql: Sql, appRole: string, schema: string): Promise<void> {
  const [role, schemaName] = [sql.unsafe(quoteName(appRole)), sql.unsafe(quoteName(schema))]
  await sql`grant usage on schema ${schemaName} to ${role}`
  await sql`grant select, insert, update, delete on all tables in schema ${schemaName} to ${role}`
  await sql`grant usage on all sequences in schema ${schemaName} to ${role}`
  const partitions = await sql<{ name: string }[]>`
    select format('%I.%I', ${schema}::text, c.relname) as name
    from pg_class c join pg_class root on root.oid = pg_partition_root(c.oid)
    where c.relispartition and root.relrowsecurity and c.relnamespace = ${schema}::regnamespace`
  for (const { name } of partitions) await sql`revoke all on ${sql.unsafe(name)} from ${role}`
}

/** The functions through which the application writes to the audit schema. It has no direct rights there. */
const AUDIT_FUNCTIONS = [
  'append_seal',
  'drop_partition',
  'ensure_partitions',
  'expired_partitions',
  'move_entries',
  'record_after_move',
  'record_requests',
]

async function grantAuditFunctions(sql: Sql, appRole: string): Promise<void> {
  const functions = await sql<{ name: string }[]>`
    select oid::regprocedure::text as name from pg_proc
    where pronamespace = 'audit'::regnamespace and proname in ${sql(AUDIT_FUNCTIONS)}`
  for (const { name } of functions)
    await sql`grant execute on function ${sql.unsafe(name)} to ${sql.unsafe(quoteName(appRole))}`
}
