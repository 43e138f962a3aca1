import type { Sql } from 'postgres'

/**
 * What an operator should look into, long before it hurts: entries that found no partition of their month, and a coming month
 * without one. The default partition takes them, so nothing is lost and nothing fails. Undefined when all is well.
 */
export async function findPartitionProblem(sql: Sql): Promise<string | undefined> {
  const [state] = await sql<{ hasStrays: boolean; isNextMissing: boolean }[]>`
    select exists (select from audit.audit_log_default) or exists (select from audit.audit_requests_default) as "hasStrays",
      exists (
        select from (values ('audit_log'), ('audit_requests')) as parent (name)
        where to_regclass('audit.' || name || to_char(now() at time zone 'UTC' + interval '1 month', '"_"YYYYMM')) is null
      ) as "isNextMissing"`
  if (state?.hasStrays) return 'rows in the default partition'
  return state?.isNextMissing ? 'no partition for the next month' : undefined
}
