import type postgres from 'postgres'
import type { Migration } from './files.js'

/** A row of drizzle.migrations: what this database knows about a migration. */
export interface LedgerRow {
  name: string
  hash: string
  /** Anything but `applied` is a file without a transaction that stopped half-way. */
  state: 'applied' | 'upgrading' | 'downgrading'
  /** How many statements of the half-way file have run. */
  statementsDone: number
  appliedAt: Date
}

/** A migration whose file runs without a transaction, while it runs or after it stopped. */
export type HalfWay = Pick<LedgerRow, 'name' | 'state' | 'statementsDone'>

type Queryable = postgres.Sql | postgres.TransactionSql

export async function readLedger(sql: Queryable): Promise<Map<string, LedgerRow>> {
  if (!(await ledgerExists(sql))) return new Map()
  const rows = await sql<LedgerRow[]>`
    select name, hash, state, statements_done as "statementsDone", applied_at as "appliedAt"
    from drizzle.migrations order by name collate "C"`
  return new Map(rows.map((row) => [row.name, row]))
}

/** Looks first: CREATE … IF NOT EXISTS asks for the privilege to create even where there is nothing to do. */
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
