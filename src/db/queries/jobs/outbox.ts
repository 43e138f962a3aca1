import { and, eq, isNotNull, isNull, sql } from 'drizzle-orm'
import { currentContext } from '../../../lib/audit/context.js'
import { describeJob } from '../../../lib/jobs/job-spans.js'
import {
  isPayloadOf,
  type JobName,
  type JobPayload,
  type MailJob,
  type MailKind,
  type NoticeMail,
} from '../../../lib/jobs/jobs.js'
import { inSpan } from '../../../lib/observability/tracing.js'
import type { Db, Tx } from '../../driver/client.js'
import { outbox } from '../../schema/outbox.js'
import type { User } from '../../schema/users.js'
import { consumeMailQuota } from './mail-counts.js'

/**
 * Enqueues a job that runs after this transaction commits, and never if it rolls back. Outside a
 * transaction this does not compile. With `runAt` the job starts at that time, at most some seconds
 * later. Default: at once.
 * @throws {TypeError} when the payload does not match the job, which is a bug of the caller
 */
export const enqueue = <N extends Exclude<JobName, MailJob>>(
  tx: Tx,
  job: N,
  payload: JobPayload<N>,
  options: { runAt?: Date } = {},
): Promise<void> => addJob(tx, job, payload, options)

/** The mailbox and the kind of mail. Each pair has a quota; `force` sends beyond it (default: false). */
export type Recipient = { kind: MailKind; email: string; force?: boolean }

/**
 * Enqueues a mail and counts it against the quota of its mailbox. Returns false, without a mail, if
 * the quota is used up. There is no other way to send a mail.
 * @throws {TypeError} as `enqueue` does
 */
export async function enqueueMail<N extends MailJob>(
  tx: Tx,
  job: N,
  payload: JobPayload<N>,
  { kind, email, ...options }: Recipient,
): Promise<boolean> {
  const isAllowed = await consumeMailQuota(tx, kind, email, options)
  if (isAllowed) await addJob(tx, job, payload)
  return isAllowed
}

/** Enqueues a notice about an account. It goes to `to`; default: the account's mailbox. */
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
  if (!isPayloadOf(job, payload)) throw new TypeError(`The payload does not match the job ${job}`)
  const requestId = currentContext()?.requestId ?? null
  await inSpan(describeJob('create', job), async (span) => {
    const traceContext = span?.traceparent ?? null
    await tx.insert(outbox).values({ job, payload, requestId, traceContext, claimedUntil: runAt })
  })
}

/**
 * Enqueues a run of a schedule, unless the previous run is not done. If the previous run is a dead
 * letter, it gets one more try.
 */
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

/** Where workers listen for jobs that can run. A trigger notifies it of each insert. */
export const OUTBOX_CHANNEL = 'outbox'

/** Turns a dead letter into an open job again. */
export const TO_RETRY = { failedAt: null, claimedUntil: null, retriedAt: sql`now()` }

/** Returns false if the job was already done: the queue may deliver a job twice, but it must run once. */
export async function markDone(db: Db, id: string): Promise<boolean> {
  const done = await db
    .update(outbox)
    .set({ doneAt: sql`now()`, failedAt: null })
    .where(and(eq(outbox.id, id), isNull(outbox.doneAt)))
    .returning({ id: outbox.id })
  return done.length > 0
}
