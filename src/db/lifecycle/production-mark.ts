import type { Sql } from 'postgres'

const MARK = 'production'

/**
 * Marks a database that production has migrated. The mark stays with the data: a command with another
 * configuration sees it, too, through a tunnel or in a restored copy.
 */
export async function markAsProduction(sql: Sql): Promise<void> {
  const [schema] = await sql<{ isOwn: boolean }[]>`
    select pg_has_role(nspowner, 'USAGE') as "isOwn" from pg_namespace where nspname = 'drizzle'`
  if (schema?.isOwn && !(await isMarkedAsProduction(sql)))
    await sql.unsafe(`comment on schema drizzle is '${MARK}'`)
}

export async function isMarkedAsProduction(sql: Sql): Promise<boolean> {
  const [schema] = await sql<{ mark: string | null }[]>`
    select obj_description(oid, 'pg_namespace') as mark from pg_namespace where nspname = 'drizzle'`
  return schema?.mark === MARK
}
