import type { Sql } from 'postgres'

/** Tables in which rows belong to an organization, and what row-level security lacks there; empty when all is well. */
export async function findTenancyProblems(sql: Sql): Promise<string[]> {
  const tables = await sql<{ name: string; problem: string }[]>`
    select c.relname as name, case
      when not c.relrowsecurity then 'has no row-level security'
      when not c.relforcerowsecurity then 'has row-level security, but not for its owner'
      else 'has no policy'
    end as problem
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and (c.relname = 'organizations' or exists (
        select from pg_attribute where attrelid = c.oid and attname = 'organization_id' and not attisdropped))
      and not (c.relrowsecurity and c.relforcerowsecurity and exists (select from pg_policy where polrelid = c.oid))
    order by c.relname`
  return tables.map(({ name, problem }) => `${name} ${problem}`)
}

/** A superuser, or a role with BYPASSRLS: it sees the rows of every organization, whatever the policies say. */
export async function bypassesRowSecurity(sql: Sql): Promise<boolean> {
  const [role] = await sql<{ bypasses: boolean }[]>`
    select rolsuper or rolbypassrls as bypasses from pg_roles where rolname = current_user`
  return role?.bypasses ?? true
}

/** PostgreSQL exempts a table's owner from its policies, unless this is said; drizzle does not know the word. */
export async function forceRowSecurity(sql: Sql): Promise<void> {
  const tables = await sql<{ name: string }[]>`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relrowsecurity and not relforcerowsecurity`
  for (const { name } of tables) await sql`alter table public.${sql(name)} force row level security`
}
