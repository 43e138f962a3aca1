import { and, eq, inArray, isNotNull, isNull, lt, or, sql } from 'drizzle-orm'
import { currentContext } from '../../lib/context.js'
import { describeJob } from '../../lib/job-spans.js'
import {
  isPayloadOf,
  type JobName,
  type JobPayload,
  type MailJob,
  type MailKind,
  type NoticeMail,
} from '../../lib/jobs.js'
import { inSpan } from '../../lib/tracing.js'
import type { Db, Tx } from '../client.js'
import { outbox } from '../schema/outbox.js'
import type { User } from '../schema/users.js'
import { takeMail } from './mail-counts.js'

type OutboxRow = typeof outbox.$inferSelect

export type ClaimedJob = Pick<OutboxRow, 'id' | 'job' | 'retriedAt' | 'traceContext'> & {
  /** A relay has had it before, and its lease ran out. */
  isHandedOverAgain: boolean
}
export type OpenJob = Pick<OutboxRow, 'id' | 'job' | 'payload' | 'requestId' | 'traceContext' | 'scheduled'>

/** `maxAttempts` is the failure after which nobody tries again by himself. */
export type Failure = { message: string; stack: string | null; maxAttempts: number }

/**
 * Asks for a job that runs once this transaction has committed, and never if it has not. There is no other way to ask for
 * one: outside a transaction it does not compile. With `runAt` it waits until then, and some seconds more at most.
 * @throws {TypeError} for a payload that is not what the job takes: a bug of the caller
 */
export const enqueue = <N extends Exclude<JobName, MailJob>>(
  tx: Tx,
  job: N,
  payload: JobPayload<N>,
  options: { runAt?: Date } = {},
): Promise<void> => addJob(tx, job, payload, options)

/** Whose mailbox the mail goes to, and what of: each has so many an hour. With `force` it is sent beyond that, too. */
export type Recipient = { kind: MailKind; email: string; force?: boolean }

/**
 * The only way to ask for a mail: counts it against the mailbox. False, and no mail, where that has had enough of the kind.
 * @throws {TypeError} as `enqueue` does
 */
export async function enqueueMail<N extends MailJob>(
  tx: Tx,
  job: N,
  payload: JobPayload<N>,
  { kind, email, ...options }: Recipient,
): Promise<boolean> {
  const isTaken = await takeMail(tx, kind, email, options)
  if (isTaken) await addJob(tx, job, payload)
  return isTaken
}

/** To the account's own mailbox, or to another one that concerns it. */
export const enqueueNotice = (
  tx: Tx,
  mail: NoticeMail,
  { id: userId, email }: Pick<User, 'id' | 'email'>,
  to?: string,
): Promise<boolean> =>
  enqueueMail(
    tx,
    'send-notice',
    { mail, userId, ...(to !== undefined && { to }) },
    { kind: mail, email: to ?? email },
  )

async function addJob<N extends JobName>(
  tx: Tx,
  job: N,
  payload: JobPayload<N>,
  { runAt = null }: { runAt?: Date | null } = {},
): Promise<void> {
  if (!isPayloadOf(job, payload)) throw new TypeError(`This is no payload of the job ${job}`)
  const requestId = currentContext()?.requestId ?? null
  await inSpan(describeJob('create', job), async (span) => {
    const traceContext = span?.traceparent ?? null
    await tx.insert(outbox).values({ job, payload, requestId, traceContext, claimedUntil: runAt })
  })
}

/** Asks for a run of a schedule, unless the one before it is under way. If that is in the dead letters, it gets one more try. */
export async function enqueueScheduled(db: Db, job: string): Promise<void> {
  await db
    .insert(outbox)
    .values({ job, payload: {}, scheduled: true })
    .onConflictDoUpdate({
      target: outbox.job,
      targetWhere: sql`scheduled and done_at is null`,
      set: TO_RETRY,
      setWhere: isNotNull(outbox.failedAt),
    })
}

/** Out of the dead letters: whoever is to try it again hears of it as of a new one. */
export const TO_RETRY = { failedAt: null, claimedUntil: null, retriedAt: sql`now()` }

const isOpen = and(isNull(outbox.doneAt), isNull(outbox.failedAt))

/** Takes open rows for `leaseMs`: other relays pass over them, and if the queue loses them they come up again after it. */
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

/** Those of the ids whose jobs are to be done. */
export async function findOpenIds(db: Db, ids: readonly string[]): Promise<Set<string>> {
  const rows = await db
    .select({ id: outbox.id })
    .from(outbox)
    .where(and(inArray(outbox.id, [...ids]), isOpen))
  return new Set(rows.map(({ id }) => id))
}

/** False when it was done already: a job may be delivered twice, and must not be done twice. */
export async function markDone(db: Db, id: string): Promise<boolean> {
  const done = await db
    .update(outbox)
    .set({ doneAt: sql`now()`, failedAt: null })
    .where(and(eq(outbox.id, id), isNull(outbox.doneAt)))
    .returning({ id: outbox.id })
  return done.length > 0
}

/** Undefined for a job that is done, and for one that is gone: discarded, or done long ago. */
export async function findOpenJob(db: Db, id: string): Promise<OpenJob | undefined> {
  const { job, payload, requestId, traceContext, scheduled } = outbox
  const [row] = await db
    .select({ id: outbox.id, job, payload, requestId, traceContext, scheduled })
    .from(outbox)
    .where(and(eq(outbox.id, id), isNull(outbox.doneAt)))
  return row
}

/** Keeps what went wrong. True when that was the last attempt: the job is a dead letter now. */
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
