import type { TransactionSql } from 'postgres'

/** Counts end at 10,000. */
export type Backlog = {
  /** Jobs that are not done. */
  open: number
  /** Open jobs that have failed at least once. */
  failing: number
  /** How long the oldest ready job has waited for a relay. Null if none is ready. */
  readySeconds: number | null
  deadLetters: readonly { job: string; count: number }[]
  /** The number of next months that have partitions. */
  partitionsAhead: number
  /** The age of the oldest unsealed row. Null before the first seal, and if all rows are sealed. */
  unsealedSeconds: number | null
  /** The age of the oldest entry that is not in the log yet. Null if all are. */
  newEntrySeconds: number | null
}

/** An exact larger number is not useful, and counting it would add load. */
const MAX_COUNT = 10_000
const MAX_MONTHS = 24

/** Reads the backlog for metrics: some thousands of rows at most, by index. */
export async function readBacklog(tx: TransactionSql): Promise<Backlog> {
  const [outbox] = await tx<Omit<Backlog, 'deadLetters'>[]>`
    with open as materialized (
      select created_at, attempts, claimed_until, greatest(created_at, retried_at, claimed_until) as ready_at
      from outbox where done_at is null and failed_at is null order by id limit ${MAX_COUNT}
    ), chain as materialized (
      select to_transaction from audit.audit_seals order by number desc limit 1
    ), unsealed as (
      (select created_at from audit.audit_log where transaction_id::text::bigint >= (select to_transaction from chain)
        order by transaction_id::text::bigint limit 1)
      union all
      (select created_at from audit.new_entries where exists (select from chain) limit 1)
      union all
      (select created_at from audit.audit_requests where transaction_id::text::bigint >= (select to_transaction from chain)
        order by transaction_id::text::bigint limit 1)
    )
    select count(*)::int as open,
      count(*) filter (where attempts > 0)::int as failing,
      extract(epoch from now() - min(ready_at) filter (where claimed_until is null or claimed_until < now()))::float8
        as "readySeconds",
      (select extract(epoch from now() - min(created_at))::float8 from unsealed) as "unsealedSeconds",
      (select extract(epoch from now() - created_at)::float8 from audit.new_entries limit 1) as "newEntrySeconds",
      (select count(*)::int from generate_series(1, ${MAX_MONTHS}) as ahead where not exists (
        select from (values ('audit_log'), ('audit_requests')) as parent (name), generate_series(1, ahead) as month
        where to_regclass('audit.' || name || to_char(date_trunc('month', now() at time zone 'UTC')
          + month * interval '1 month', '"_"YYYYMM')) is null
      )) as "partitionsAhead"
    from open`
  const deadLetters = await tx<Backlog['deadLetters'][number][]>`
    select job, count(*)::int as count
    from (select job from outbox where failed_at is not null limit ${MAX_COUNT}) as failed
    group by job`
  return { ...(outbox as Omit<Backlog, 'deadLetters'>), deadLetters }
}
