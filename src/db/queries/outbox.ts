import { and, eq, inArray, isNull, lt, or, sql } from 'drizzle-orm'
import { isPayloadOf, type JobName, type JobPayload } from '../../lib/jobs.js'
import type { Db, Tx } from '../client.js'
import { outbox } from '../schema/outbox.js'

export type OutboxRow = { id: string; job: string; payload: unknown }

/**
 * Asks for a job that runs once this transaction has committed, and never if it has not. There is no other way to ask for
 * one: outside a transaction it does not compile.
 * @throws {TypeError} for a payload that is not what the job takes: a bug of the caller
 */
export async function enqueue<N extends JobName>(tx: Tx, job: N, payload: JobPayload<N>): Promise<void> {
  if (!isPayloadOf(job, payload)) throw new TypeError(`This is no payload of the job ${job}`)
  await tx.insert(outbox).values({ job, payload })
}

/** Takes open rows for `leaseMs`: other relays pass over them, and if the queue loses them they come up again after it. */
export async function claimOutbox(
  db: Db,
  { limit, leaseMs }: { limit: number; leaseMs: number },
): Promise<OutboxRow[]> {
  const open = db
    .select({ id: outbox.id })
    .from(outbox)
    .where(and(isNull(outbox.doneAt), or(isNull(outbox.claimedUntil), lt(outbox.claimedUntil, sql`now()`))))
    .orderBy(outbox.id)
    .limit(limit)
    .for('update', { skipLocked: true })
  return db
    .update(outbox)
    .set({ claimedUntil: sql`now() + ${leaseMs} * interval '1 millisecond'` })
    .where(inArray(outbox.id, open))
    .returning({ id: outbox.id, job: outbox.job, payload: outbox.payload })
}

/** False when it was done already: a job may be delivered twice, and must not be done twice. */
export async function markDone(db: Db, id: string): Promise<boolean> {
  const done = await db
    .update(outbox)
    .set({ doneAt: sql`now()` })
    .where(and(eq(outbox.id, id), isNull(outbox.doneAt)))
    .returning({ id: outbox.id })
  return done.length > 0
}

/** False for a row that is done, and for one that is gone because it was done long ago. */
export async function isOpen(db: Db, id: string): Promise<boolean> {
  const [row] = await db
    .select({ id: outbox.id })
    .from(outbox)
    .where(and(eq(outbox.id, id), isNull(outbox.doneAt)))
  return row !== undefined
}
