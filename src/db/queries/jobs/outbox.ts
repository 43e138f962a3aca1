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
import { takeMail } from './mail-counts.js'

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

/** False when it was done already: a job may be delivered twice, and must not be done twice. */
export async function markDone(db: Db, id: string): Promise<boolean> {
  const done = await db
    .update(outbox)
    .set({ doneAt: sql`now()`, failedAt: null })
    .where(and(eq(outbox.id, id), isNull(outbox.doneAt)))
    .returning({ id: outbox.id })
  return done.length > 0
}
