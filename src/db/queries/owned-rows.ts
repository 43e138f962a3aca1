import { getTableName, type SQL, sql, type Table } from 'drizzle-orm'
import type { Tx } from '../driver/client.js'
import { isStatementTimeout } from '../driver/errors.js'

type InTransaction = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>

/** A foreign key. Names are quoted. */
type Reference = {
  table: string
  /** The primary key of `table`, or `ctid` if it has none. */
  key: string[]
  columns: string[]
  parent: string
  parentColumns: string[]
  /** The SET clause of ON DELETE SET NULL or SET DEFAULT. Null if the row is deleted instead. */
  setClause: string | null
}

/** Deletes up to `limit` rows, or sets their columns. Returns the number of rows. */
type Step = (tx: Tx, limit: number) => Promise<number>

/** So few rows that, with their audit entries, a statement is far from its timeout. */
const BATCH = 1000

/**
 * Deletes the rows that belong to a row by foreign keys, directly or over other tables, as its own
 * deletion would. The row itself stays. Works in transactions of at most `batch` rows (default: 1,000),
 * referencing rows first, so it may stop anywhere and be called again. It reads the foreign keys from
 * the catalog, so a new table needs no change here.
 */
export async function deleteOwnedRows(
  inTransaction: InTransaction,
  owner: Table,
  id: string,
  { batch = BATCH } = {},
): Promise<void> {
  const references = await inTransaction(readReferences)
  for (const step of stepsOf(references, getTableName(owner), id)) {
    let limit = batch
    for (let count = limit; count >= limit; ) {
      try {
        count = await inTransaction((tx) => step(tx, limit))
      } catch (error) {
        // Large rows: fewer of them fit into the statement timeout.
        if (!isStatementTimeout(error) || limit === 1) throw error
        limit = Math.ceil(limit / 10)
        count = limit
      }
    }
  }
}

async function readReferences(tx: Tx): Promise<Reference[]> {
  const rows = await tx.execute<Reference>(sql`
    with named as (
      select c.oid, array(
        select quote_ident(attname) from unnest(c.conkey) with ordinality as k (attnum, n)
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum order by n) as columns
      from pg_constraint c where contype in ('f', 'p'))
    select c.conrelid::regclass::text as "table", c.confrelid::regclass::text as parent,
      to_json(named.columns) as columns,
      coalesce((select to_json(of_key.columns) from named as of_key join pg_constraint p on p.oid = of_key.oid
        where p.conrelid = c.conrelid and p.contype = 'p'), '["ctid"]') as key,
      to_json(array(select quote_ident(attname) from unnest(c.confkey) with ordinality as k (attnum, n)
        join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.attnum order by n)) as "parentColumns",
      case when c.confdeltype in ('n', 'd') then (
        select string_agg(format('%I = %s', attname, case c.confdeltype when 'n' then 'null' else 'default' end), ', ')
        from pg_attribute where attrelid = c.conrelid and attnum = any(coalesce(c.confdelsetcols, c.conkey))
      ) end as "setClause"
    from pg_constraint c join named on named.oid = c.oid
    where c.contype = 'f' and c.conparentid = 0`)
  return [...rows]
}

/** Orders the steps so that no row is deleted while another one references it. */
function stepsOf(references: Reference[], owner: string, id: string): Step[] {
  const owned = conditionsOf(references, owner, id)
  const steps: Step[] = []
  const visited = new Set<string>()
  const visit = (table: string) => {
    if (visited.has(table)) return
    visited.add(table)
    for (const reference of references.filter(({ parent }) => parent === table)) {
      if (owned.has(reference.table)) visit(reference.table)
      else steps.push(stepOf(reference, referencingRows(reference, owned, owner, id)))
    }
    const condition = owned.get(table)
    const reference = references.find((candidate) => candidate.table === table)
    if (condition && reference && table !== owner)
      steps.push(stepOf({ ...reference, setClause: null }, condition))
  }
  visit(owner)
  return steps
}

/** The rows to delete, by table. A table that is reached in several ways counts by the shortest one. */
function conditionsOf(references: Reference[], owner: string, id: string): Map<string, SQL> {
  const depths = new Map([[owner, 0]])
  const owned = new Map<string, SQL>()
  for (const [table, depth] of depths) {
    for (const reference of references.filter(
      ({ parent, setClause }) => parent === table && setClause === null,
    )) {
      const knownDepth = depths.get(reference.table)
      if (knownDepth !== undefined && knownDepth <= depth) continue
      const condition = referencingRows(reference, owned, owner, id)
      const others = owned.get(reference.table)
      owned.set(reference.table, others ? sql`(${others} or ${condition})` : condition)
      depths.set(reference.table, depth + 1)
    }
  }
  return owned
}

const list = (names: string[]): SQL => sql.raw(names.join(', '))

/** The rows of a table that reference rows to delete. */
function referencingRows(
  { columns, parent, parentColumns }: Reference,
  owned: Map<string, SQL>,
  owner: string,
  id: string,
): SQL {
  if (parent === owner && columns.length === 1) return sql`${list(columns)} = ${id}`
  const parents = owned.get(parent) ?? sql`id = ${id}`
  return sql`(${list(columns)}) in (select ${list(parentColumns)} from ${sql.raw(parent)} where ${parents})`
}

function stepOf({ table, key, setClause }: Reference, condition: SQL): Step {
  const [name, keys] = [sql.raw(table), list(key)]
  const write = setClause === null ? sql`delete from ${name}` : sql`update ${name} set ${sql.raw(setClause)}`
  return async (tx, limit) => {
    const chosen = sql`select ${keys} from ${name} where ${condition} limit ${limit}`
    return (await tx.execute(sql`${write} where (${keys}) in (${chosen})`)).count
  }
}
