import { and, eq, inArray, isNotNull, isNull, lt, or, sql } from 'drizzle-orm'
import type { Db } from '../../driver/client.js'
import { outbox } from '../../schema/outbox.js'

type OutboxRow = typeof outbox.$inferSelect

export type ClaimedJob = Pick<OutboxRow, 'id' | 'job' | 'retriedAt' | 'traceContext'> & {
  /** True if an earlier relay claimed the job and its lease expired. */
  isHandedOverAgain: boolean
}
export type OpenJob = Pick<OutboxRow, 'id' | 'job' | 'payload' | 'requestId' | 'traceContext' | 'scheduled'>

/** After `maxAttempts` failures the job is a dead letter. */
export type Failure = { message: string; stack: string | null; maxAttempts: number }

const isOpen = and(isNull(outbox.doneAt), isNull(outbox.failedAt))

/**
 * Claims open rows for `leaseMs`. Meanwhile other relays skip them. If the queue loses a job, its row
 * is claimed again after the lease.
 */
export async function claimOutbox(
  db: Db,
  { limit, leaseMs }: { limit: number; leaseMs: number },
): Promise<ClaimedJob[]> {
  const isFree = or(isNull(outbox.claimedUntil), lt(outbox.claimedUntil, sql`now()`))
  const open = db.$with('open').as(
    db
      .select({
        id: outbox.id,
        wasClaimed: sql<boolean>`${isNotNull(outbox.claimedUntil)}`.as('was_claimed'),
      })
      .from(outbox)
      .where(and(isOpen, isFree))
      .orderBy(outbox.id)
      .limit(limit)
      .for('update', { skipLocked: true }),
  )
  return db
    .with(open)
    .update(outbox)
    .set({ claimedUntil: sql`now() + ${leaseMs} * interval '1 millisecond'` })
    .from(open)
    .where(eq(outbox.id, open.id))
    .returning({
      isHandedOverAgain: open.wasClaimed,
      id: outbox.id,
      job: outbox.job,
      retriedAt: outbox.retriedAt,
      traceContext: outbox.traceContext,
    })
}

/** The ids of open jobs among `ids`. */
export async function findOpenIds(db: Db, ids: readonly string[]): Promise<Set<string>> {
  const rows = await db
    .select({ id: outbox.id })
    .from(outbox)
    .where(and(inArray(outbox.id, [...ids]), isOpen))
  return new Set(rows.map(({ id }) => id))
}

/** Undefined for a job that is done or was deleted: discarded, or done long ago. */
export async function findOpenJob(db: Db, id: string): Promise<OpenJob | undefined> {
  const { job, payload, requestId, traceContext, scheduled } = outbox
  const [row] = await db
    .select({ id: outbox.id, job, payload, requestId, traceContext, scheduled })
    .from(outbox)
    .where(and(eq(outbox.id, id), isNull(outbox.doneAt)))
  return row
}

/** Records a failed attempt. Returns true if it was the last one, and the job is now a dead letter. */
export async function recordFailure(
  db: Db,
  id: string,
  { message, stack, maxAttempts }: Failure,
): Promise<boolean> {
  const [row] = await db
    .update(outbox)
    .set({
      attempts: sql`${outbox.attempts} + 1`,
      lastError: message,
      lastStack: stack,
      failedAt: sql`case when ${outbox.attempts} + 1 >= ${maxAttempts} then now() end`,
    })
    .where(and(eq(outbox.id, id), isNull(outbox.doneAt)))
    .returning({ failedAt: outbox.failedAt })
  return row?.failedAt != null
}
