import { and, asc, count, desc, eq, isNotNull, isNull, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../driver/client.js'
import { outbox } from '../../schema/outbox.js'
import { OUTBOX_CHANNEL, TO_RETRY } from './outbox.js'

/** A job that is not done. It is a dead letter if `failedAt` is set, and open otherwise. */
export type WaitingJob = Omit<typeof outbox.$inferSelect, 'doneAt'>

export type FailedJobCount = { job: string; count: number }

/** Open jobs and dead letters, or only dead letters, oldest first. */
export async function listWaitingJobs(
  db: Db,
  { failedOnly, limit }: { failedOnly: boolean; limit: number },
): Promise<WaitingJob[]> {
  const rows = await db
    .select()
    .from(outbox)
    .where(failedOnly ? isNotNull(outbox.failedAt) : isNull(outbox.doneAt))
    .orderBy(asc(outbox.id))
    .limit(limit)
  return rows.map(({ doneAt, ...job }) => job)
}

/** The dead letters, newest first. */
export const listFailedJobs = (
  db: Db,
  { offset, limit }: { offset: number; limit: number },
): Promise<WaitingJob[]> =>
  db.select().from(outbox).where(isFailed()).orderBy(desc(outbox.id)).offset(offset).limit(limit)

/** Undefined for an id that is not a dead letter. */
export async function findFailedJob(db: Db, id: string): Promise<WaitingJob | undefined> {
  const [job] = await db.select().from(outbox).where(isFailed(id))
  return job
}

/** The number of dead letters, by job. */
export const countFailedJobs = (db: Db): Promise<FailedJobCount[]> =>
  db
    .select({ job: outbox.job, count: count() })
    .from(outbox)
    .where(isNotNull(outbox.failedAt))
    .groupBy(outbox.job)
    .orderBy(outbox.job)

/**
 * Retries a dead letter with all of its attempts, or every dead letter if `id` is undefined. Returns
 * the number of jobs.
 */
export async function retryFailedJobs(db: Db, id?: string): Promise<number> {
  const { count } = await db
    .update(outbox)
    .set({ ...TO_RETRY, attempts: 0 })
    .where(isFailed(id))
  // Only new rows announce themselves.
  if (count > 0) await db.execute(sql`select pg_notify(${OUTBOX_CHANNEL}, '')`)
  return count
}

/** Deletes a dead letter, or every dead letter if `id` is undefined. Returns the number of jobs. */
export async function discardFailedJobs(db: Db, id?: string): Promise<number> {
  const { count } = await db.delete(outbox).where(isFailed(id))
  return count
}

const isFailed = (id?: string): SQL | undefined =>
  and(isNotNull(outbox.failedAt), id === undefined ? undefined : eq(outbox.id, id))
