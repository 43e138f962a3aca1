import type { Sql } from 'postgres'

/** What the triggers of an append-only table guard: each row of a statement, or the statement as a whole. */
type Level = 'row' | 'statement'

/** The append-only tables of the audit schema. Their partitions have the triggers, too. */
const ROOTS = {
  audit_log: 'row',
  audit_requests: 'row',
  audit_seals: 'row',
  // The move deletes thousands of rows in one statement.
  new_entries: 'statement',
} satisfies Record<string, Level>
type Root = keyof typeof ROOTS

const ROW_TRIGGER = 'append_only'
const TRUNCATE_TRIGGER = 'append_only_truncate'

/** pg_trigger.h: for each row 1, before 2, delete 8, update 16, truncate 32. */
const TYPES: Record<Level, number> = { row: 1 + 2 + 8 + 16, statement: 2 + 8 + 16 }
const TRUNCATE_TYPE = 2 + 32
const ROW_TYPES = Object.fromEntries(Object.entries(ROOTS).map(([root, level]) => [root, TYPES[level]]))

type Guard = { root: Root; table: string; state: 'missing' | 'disabled' | 'changed' | 'sound' }

/** The triggers of the tables that exist. A database before its upgrade may lack some tables. */
const readGuards = (sql: Sql) => sql<Guard[]>`
  select roots.root, c.relname as "table", case
    when count(t.oid) < 2 then 'missing'
    when bool_or(t.tgenabled in ('D', 'R')) then 'disabled'
    when not bool_and(t.tgfoid = to_regprocedure('audit.refuse()') and t.tgqual is null and t.tgattr::text = ''
      and t.tgtype = case t.tgname when ${TRUNCATE_TRIGGER} then ${TRUNCATE_TYPE} else roots.type end) then 'changed'
    else 'sound'
  end as state
  from (select key as root, value::int as type, to_regclass('audit.' || key) as oid
    from jsonb_each_text(${JSON.stringify(ROW_TYPES)}::text::jsonb)) as roots
  join pg_class c on c.oid = roots.oid or c.oid in (select relid from pg_partition_tree(roots.oid))
  left join pg_trigger t on t.tgrelid = c.oid and t.tgname in (${ROW_TRIGGER}, ${TRUNCATE_TRIGGER})
  group by roots.root, c.relname order by c.relname`

const findBroken = async (sql: Sql): Promise<Guard[]> =>
  (await readGuards(sql)).filter(({ state }) => state !== 'sound')

/** The missing, disabled or changed append-only triggers. Empty if all is well. */
export async function findAppendOnlyProblems(sql: Sql): Promise<string[]> {
  const broken = await findBroken(sql)
  return broken.map(
    ({ table, state }) => `${table}: the append-only trigger ${state === 'changed' ? 'was' : 'is'} ${state}`,
  )
}

/** Repairs the append-only triggers. Needs the role that owns the tables. */
export async function fixAppendOnly(sql: Sql): Promise<void> {
  for (const { root, table } of await findBroken(sql)) {
    // A partition inherits its row trigger from its root.
    await sql.unsafe(`
      drop trigger if exists ${ROW_TRIGGER} on audit.${root};
      create trigger ${ROW_TRIGGER} before update or delete on audit.${root}
        for each ${ROOTS[root]} execute function audit.refuse();
      create or replace trigger ${TRUNCATE_TRIGGER} before truncate on audit.${table}
        for each statement execute function audit.refuse();
      alter table audit.${table} enable trigger ${TRUNCATE_TRIGGER}`)
  }
}
