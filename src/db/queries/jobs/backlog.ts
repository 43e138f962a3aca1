import type { TransactionSql } from 'postgres'

export type Backlog = {
  /** Jobs that are to be done, and those of them that have failed before. */
  open: number
  failing: number
  /** How long the job that has waited longest could have been handed to the queue; null when none could. */
  readySeconds: number | null
  deadLetters: readonly { job: string; count: number }[]
  /** Months after this one that have their partitions. */
  partitionsAhead: number
  /** The age of the oldest row that no seal covers; null while nothing was ever sealed, and when all is. */
  unsealedSeconds: number | null
}

/** Nobody needs to know a larger number exactly, and counting it would be one more load. */
const MAX_COUNT = 10_000
const MAX_MONTHS = 24

/** What waits to be done, for whoever watches. It reads a few thousand rows by their indexes, whatever has piled up. */
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
      (select created_at from audit.audit_requests where transaction_id::text::bigint >= (select to_transaction from chain)
        order by transaction_id::text::bigint limit 1)
    )
    select count(*)::int as open,
      count(*) filter (where attempts > 0)::int as failing,
      extract(epoch from now() - min(ready_at) filter (where claimed_until is null or claimed_until < now()))::float8
        as "readySeconds",
      (select extract(epoch from now() - min(created_at))::float8 from unsealed) as "unsealedSeconds",
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
