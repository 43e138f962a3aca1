import { createHash } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import type { MailKind } from '../../../lib/jobs/jobs.js'
import { normalizeEmail } from '../../../lib/schema/email.js'
import type { Tx } from '../../driver/client.js'
import { mailCounts } from '../../schema/mail-counts.js'

/**
 * The most mails of a kind that one mailbox gets in an hour, from all callers together. Each kind is
 * counted separately, so that a stranger who uses up one does not block the others for the owner.
 * Kinds that only the owner can cause leave room for mistakes.
 */
export const MAILS_PER_HOUR: Record<MailKind, number> = {
  'verify-email': 5,
  'confirm-email-change': 5,
  'reset-password': 20,
  'set-password': 3,
  'already-registered': 3,
  'email-change-requested': 5,
  'email-changed': 10,
  'password-changed': 10,
  'sign-in-blocked': 3,
  invitation: 10,
  'failed-jobs': 5,
}

/** The most invitations of one organization in an hour, from all of its admins together. */
export const INVITATIONS_PER_HOUR = 200

/** PostgreSQL's largest integer. */
const UNLIMITED = 2 ** 31 - 1

/**
 * Counts a mail against the quota of its mailbox, in the transaction that enqueues it. Returns false
 * if the quota is used up. `force` (default: false) counts the mail but never refuses it: for a link
 * without which the owner would have none.
 */
export const consumeMailQuota = (
  tx: Tx,
  kind: MailKind,
  mailbox: string,
  { force = false } = {},
): Promise<boolean> => consume(tx, subjectOf(kind, mailbox), force ? UNLIMITED : MAILS_PER_HOUR[kind])

/** Counts an invitation against the quota of its organization. Returns false if the quota is used up. */
export const consumeInvitationQuota = (tx: Tx, organizationId: string): Promise<boolean> =>
  consume(tx, subjectOf('organization', organizationId), INVITATIONS_PER_HOUR)

/** Seconds until the quota of a mailbox or an organization allows another one; at least 1. */
export async function secondsToNext(
  tx: Tx,
  kind: MailKind | 'organization',
  subject: string,
): Promise<number> {
  const [row] = await tx
    .select({
      seconds: sql<number | null>`extract(epoch from interval '1 hour' + (
        select min(time) from unnest(${mailCounts.times}) time where time > now() - interval '1 hour') - now())::float8`,
    })
    .from(mailCounts)
    .where(eq(mailCounts.subjectHash, subjectOf(kind, subject)))
  return Math.max(Math.ceil(row?.seconds ?? 0), 1)
}

/** A single statement, so that concurrent callers cannot exceed the quota. */
async function consume(tx: Tx, subjectHash: Buffer, quota: number): Promise<boolean> {
  const recent = sql`array(select time from unnest(mail_counts.times) time
    where time > now() - interval '1 hour' order by time)`
  const expiresAt = sql`now() + interval '1 hour'`
  const counted = await tx
    .insert(mailCounts)
    .values({ subjectHash, times: sql`array[now()]`, expiresAt })
    .onConflictDoUpdate({
      target: mailCounts.subjectHash,
      set: { times: sql`${recent} || now()`, expiresAt },
      setWhere: sql`cardinality(${recent}) < ${quota}`,
    })
    .returning({ subjectHash: mailCounts.subjectHash })
  return counted.length > 0
}

const subjectOf = (kind: string, subject: string): Buffer =>
  createHash('sha256')
    .update(`${kind} ${normalizeEmail(subject)}`)
    .digest()
