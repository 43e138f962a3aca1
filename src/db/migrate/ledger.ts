import type postgres from 'postgres'
import type { Migration } from './files.js'

/** A row of drizzle.migrations: one migration that was applied to this database. */
export interface LedgerRow {
  name: string
  hash: string
  /** All but `applied` mean that a file without a transaction is running, or stopped half-way. */
  state: 'applied' | 'upgrading' | 'downgrading'
  /** How many statements of the half-way file have run. */
  statementsDone: number
  appliedAt: Date
}

/** A migration whose file runs without a transaction, while it runs or after it stopped. */
export type HalfWay = Pick<LedgerRow, 'name' | 'state' | 'statementsDone'>

type Queryable = postgres.Sql | postgres.TransactionSql

/** The rows by name, oldest first. Empty if the table does not exist. */
export async function readLedger(sql: Queryable): Promise<Map<string, LedgerRow>> {
  if (!(await ledgerExists(sql))) return new Map()
  const rows = await sql<LedgerRow[]>`
    select name, hash, state, statements_done as "statementsDone", applied_at as "appliedAt"
    from drizzle.migrations order by name collate "C"`
  return new Map(rows.map((row) => [row.name, row]))
}

/**
 * Creates the table, or adds the column that older releases do not have. Checks first, because IF NOT
 * EXISTS needs the privilege even if there is nothing to do.
 */
export async function createLedger(sql: postgres.Sql): Promise<void> {
  if (await ledgerExists(sql)) return addDownColumn(sql)
  await sql.unsafe(`
    create schema if not exists drizzle;
    create table drizzle.migrations (
      name text primary key,
      hash text not null,
      state text not null check (state in ('applied', 'upgrading', 'downgrading')),
      statements_done integer not null default 0,
      applied_at timestamptz not null default now(),
      down text
    )`)
}

async function addDownColumn(sql: postgres.Sql): Promise<void> {
  const [column] = await sql`
    select from pg_attribute where attrelid = 'drizzle.migrations'::regclass and attname = 'down'`
  if (!column) await sql.unsafe('alter table drizzle.migrations add column down text')
}

export async function recordUp(
  sql: Queryable,
  { name, hash, down }: Migration,
  state: 'applied' | 'upgrading',
): Promise<void> {
  await sql`insert into drizzle.migrations (name, hash, state, down) values (${name}, ${hash}, ${state}, ${down ?? null})`
}

/**
 * Keeps the way down of each applied migration, as its file has it now: on another branch the file is
 * gone, and the migration can still be reverted.
 */
export async function storeDownScripts(sql: postgres.Sql, migrations: Migration[]): Promise<void> {
  const scripts = migrations.flatMap(({ name, down }) => (down === undefined ? [] : [{ name, down }]))
  await sql`
    update drizzle.migrations as stored set down = file.down
    from jsonb_to_recordset(${sql.json(scripts)}) as file (name text, down text)
    where stored.name = file.name and stored.down is distinct from file.down`
}

/** By name. */
export async function readDownScripts(sql: postgres.Sql): Promise<Map<string, string>> {
  const rows = await sql<{ name: string; down: string }[]>`
    select name, down from drizzle.migrations where down is not null`
  return new Map(rows.map(({ name, down }) => [name, down]))
}

export async function recordDown(sql: Queryable, name: string): Promise<void> {
  await sql`delete from drizzle.migrations where name = ${name}`
}

/** Also resets `statements_done` to 0 and `applied_at` to now. */
export async function recordState(sql: Queryable, name: string, state: LedgerRow['state']): Promise<void> {
  await sql`update drizzle.migrations set state = ${state}, statements_done = 0, applied_at = now() where name = ${name}`
}

export async function recordProgress(sql: Queryable, name: string, statementsDone: number): Promise<void> {
  await sql`update drizzle.migrations set statements_done = ${statementsDone} where name = ${name}`
}

async function ledgerExists(sql: Queryable): Promise<boolean> {
  const [row] = await sql<
    [{ exists: boolean }]
  >`select to_regclass('drizzle.migrations') is not null as exists`
  return row.exists
}
