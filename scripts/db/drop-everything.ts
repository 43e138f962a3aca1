import type { Sql, TransactionSql } from 'postgres'
import { quoteName } from '../../src/db/driver/quote.js'

/** Neither PostgreSQL's own, nor an extension's, nor those of other roles. */
export async function listOwnSchemas(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select nspname as name from pg_namespace as schema
    where nspname !~ '^pg_' and nspname not in ('information_schema', 'public') and pg_has_role(nspowner, 'USAGE')
      and not exists (
        select from pg_depend where classid = 'pg_namespace'::regclass and objid = schema.oid and deptype = 'e')
    order by 1`
  return rows.map(({ name }) => name)
}

/**
 * Drops the role's schemas, and what is in `public`. The database stays, because its owner may not be
 * allowed to create another: so do its rights, its settings and the schema `public` itself.
 */
export async function dropEverything(sql: Sql): Promise<void> {
  const schemas = await listOwnSchemas(sql)
  await sql.begin(async (tx) => {
    for (const name of schemas) await tx.unsafe(`drop schema ${quoteName(name)} cascade`)
    for (const { type, identity } of await listObjects(tx))
      await tx.unsafe(`drop ${type} if exists ${identity} cascade`)
  })
}

/** The tables, functions, types and so on in `public` that do not belong to an extension. */
const listObjects = (tx: TransactionSql) => tx<{ type: string; identity: string }[]>`
  select case type when 'composite type' then 'type' when 'statistics object' then 'statistics' else type end as type,
    identity
  from pg_depend as member, pg_identify_object(classid, objid, 0)
  where refclassid = 'pg_namespace'::regclass and refobjid = 'public'::regnamespace and member.deptype = 'n'
    and not exists (
      select from pg_depend where classid = member.classid and objid = member.objid and deptype = 'e')`
