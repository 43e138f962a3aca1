import type { Sql } from 'postgres'
// Loading the tables registers their declarations.
import '../schema/index.js'
import { declaredSchemas } from '../declarations/audited.js'

/** A condition for the tables of declared schemas. */
const isDeclaredTable = (sql: Sql) => sql`n.nspname in ${sql(declaredSchemas())} and c.relkind in ('r', 'p')`

/**
 * Tenant tables and what their row-level security lacks. Empty if all is well. Partitions are not
 * checked, because the application reaches them only through their root, whose policies apply.
 */
export async function findTenancyProblems(sql: Sql): Promise<string[]> {
  const tables = await sql<{ name: string; problem: string }[]>`
    select case n.nspname when 'public' then '' else n.nspname || '.' end || c.relname as name, case
      when not c.relrowsecurity then 'has no row-level security'
      when not c.relforcerowsecurity then 'has row-level security, but not for its owner'
      else 'has no policy'
    end as problem
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${isDeclaredTable(sql)} and not c.relispartition
      and (c.oid = to_regclass('public.organizations') or exists (
        select from pg_attribute where attrelid = c.oid and attname = 'organization_id' and not attisdropped))
      and not (c.relrowsecurity and c.relforcerowsecurity and exists (select from pg_policy where polrelid = c.oid))
    order by 1`
  return tables.map(({ name, problem }) => `${name} ${problem}`)
}

/** True for a superuser or a role with BYPASSRLS, which sees the rows of every organization. */
export async function bypassesRowSecurity(sql: Sql): Promise<boolean> {
  const [role] = await sql<{ bypasses: boolean }[]>`
    select rolsuper or rolbypassrls as bypasses from pg_roles where rolname = current_user`
  return role?.bypasses ?? true
}

/** Forces row-level security for the owner of a table, too. drizzle cannot declare that. */
export async function forceRowSecurity(sql: Sql): Promise<void> {
  const tables = await sql<{ name: string }[]>`
    select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${isDeclaredTable(sql)} and c.relrowsecurity and not c.relforcerowsecurity`
  for (const { name } of tables) await sql.unsafe(`alter table ${name} force row level security`)
}
