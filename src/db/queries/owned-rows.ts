import { getTableName, type SQL, sql, type Table } from 'drizzle-orm'
import type { Tx } from '../driver/client.js'
import { isStatementTimeout } from '../driver/errors.js'

type InTransaction = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>

/** A foreign key; names are quoted. */
type Reference = {
  table: string
  /** The primary key of `table`; without one, where its rows lie. */
  key: string[]
  columns: string[]
  parent: string
  parentColumns: string[]
  /** Where the parent's deletion empties a column instead: what to set. */
  emptied: string | null
}

/** Deletes some rows at most, or empties a column of them. Returns how many. */
type Step = (tx: Tx, limit: number) => Promise<number>

/** With their audit entries a statement takes a fraction of its time. */
const BATCH = 1000

/**
 * Deletes all that belongs to a row by foreign keys, over any number of tables, as the row's own deletion would: what
 * references it first, in transactions of at most `batch` rows. The row itself stays. May stop anywhere and begin anew. The
 * tables come from the catalog, so that a new one needs nothing here.
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
        // Rows of megabytes: fewer of them fit into the time that a statement has.
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
      ) end as emptied
    from pg_constraint c join named on named.oid = c.oid
    where c.contype = 'f' and c.conparentid = 0`)
  return [...rows]
}

/** In an order in which nothing is deleted that another row still points at. */
function stepsOf(references: Reference[], owner: string, id: string): Step[] {
  const owned = conditionsOf(references, owner, id)
  const steps: Step[] = []
  const visited = new Set<string>()
  const visit = (table: string) => {
    if (visited.has(table)) return
    visited.add(table)
    for (const reference of references.filter(({ parent }) => parent === table)) {
      if (owned.has(reference.table)) visit(reference.table)
      else steps.push(stepOf(reference, rowsOf(reference, owned, owner, id)))
    }
    const condition = owned.get(table)
    const reference = references.find((it) => it.table === table)
    if (condition && reference && table !== owner)
      steps.push(stepOf({ ...reference, emptied: null }, condition))
  }
  visit(owner)
  return steps
}

/** Which rows of which tables go with the owner. What is reached in several ways counts by the shortest. */
function conditionsOf(references: Reference[], owner: string, id: string): Map<string, SQL> {
  const depths = new Map([[owner, 0]])
  const owned = new Map<string, SQL>()
  for (const [table, depth] of depths) {
    for (const reference of references.filter((it) => it.parent === table && it.emptied === null)) {
      const known = depths.get(reference.table)
      if (known !== undefined && known <= depth) continue
      const condition = rowsOf(reference, owned, owner, id)
      const others = owned.get(reference.table)
      owned.set(reference.table, others ? sql`(${others} or ${condition})` : condition)
      depths.set(reference.table, depth + 1)
    }
  }
  return owned
}

const list = (names: string[]): SQL => sql.raw(names.join(', '))

/** The rows of a referencing table whose parents go. */
function rowsOf(
  { columns, parent, parentColumns }: Reference,
  owned: Map<string, SQL>,
  owner: string,
  id: string,
): SQL {
  if (parent === owner && columns.length === 1) return sql`${list(columns)} = ${id}`
  const parents = owned.get(parent) ?? sql`id = ${id}`
  return sql`(${list(columns)}) in (select ${list(parentColumns)} from ${sql.raw(parent)} where ${parents})`
}

function stepOf({ table, key, emptied }: Reference, condition: SQL): Step {
  const [name, keys] = [sql.raw(table), list(key)]
  const write = emptied === null ? sql`delete from ${name}` : sql`update ${name} set ${sql.raw(emptied)}`
  return async (tx, limit) => {
    const some = sql`select ${keys} from ${name} where ${condition} limit ${limit}`
    return (await tx.execute(sql`${write} where (${keys}) in (${some})`)).count
  }
}
