import type { Sql } from 'postgres'

/**
 * A problem that the operator should fix soon: rows in the default partition, because their month had
 * none, or no partition for the next month. Meanwhile the default partition takes the rows, so
 * nothing is lost. Undefined if all is well.
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
