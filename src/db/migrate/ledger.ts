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

/** Checks first, because CREATE … IF NOT EXISTS needs the privilege to create even if it does nothing. */
export async function createLedger(sql: postgres.Sql): Promise<void> {
  if (await ledgerExists(sql)) return
  await sql.unsafe(`
    create schema if not exists drizzle;
    create table drizzle.migrations (
      name text primary key,
      hash text not null,
      state text not null check (state in ('applied', 'upgrading', 'downgrading')),
      statements_done integer not null default 0,
      applied_at timestamptz not null default now()
    )`)
}

export async function recordUp(
  sql: Queryable,
  { name, hash }: Migration,
  state: 'applied' | 'upgrading',
): Promise<void> {
  await sql`insert into drizzle.migrations (name, hash, state) values (${name}, ${hash}, ${state})`
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
