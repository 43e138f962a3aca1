import { and, inArray, lt, lte, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Db } from '../../driver/client.js'
import { invitations } from '../../schema/invitations.js'
import { mailCounts } from '../../schema/mail-counts.js'
import { mailedTokens } from '../../schema/mailed-tokens.js'
import { outbox } from '../../schema/outbox.js'
import { registrations } from '../../schema/registrations.js'
import { accessRevocations, refreshTokens, sessions } from '../../schema/sessions.js'
import { signInThrottles } from '../../schema/sign-in-throttles.js'
import { users } from '../../schema/users.js'
import { acrossOrganizations } from '../../tenancy/scopes.js'
import { isForgotten } from '../accounts/sign-in-throttle.js'

/** From the end of a session: who asks what happened to an account, and from where, asks within weeks. */
const SESSIONS_KEPT_DAYS = 30

/** The longest life that a setting can give an access token, and an hour for clocks that differ. */
const REVOCATIONS_KEPT_HOURS = 25

const DONE_JOBS_KEPT_DAYS = 7

/** From the last registration of an address that no mailbox has confirmed; and no link to it may be live. */
export const REGISTRATIONS_KEPT_DAYS = 14

/** Each statement locks few rows, and for a moment. */
const BATCH = 1000

type Condition = {
  key: PgColumn
  isExpired: SQL
  /** Its rows belong to organizations, and are hidden from who does not ask across them. */
  ofOrganizations?: true
}

const ago = (count: number, unit: 'days' | 'hours'): SQL =>
  sql`now() - ${count} * ${sql.raw(`interval '1 ${unit}'`)}`

const isSessionExpired = lt(
  sql`least(${sessions.endedAt}, ${sessions.expiresAt})`,
  ago(SESSIONS_KEPT_DAYS, 'days'),
)

/** What loses its use with time, and when. */
const PERISHABLE = {
  mailedTokens: { key: mailedTokens.id, isExpired: lte(mailedTokens.expiresAt, sql`now()`) },
  // Those that an administrator prepared have no registration, and stay.
  unconfirmedAccounts: {
    key: users.id,
    isExpired: sql`${users.status} = 'pending'
      and exists (select from ${registrations} where ${registrations.userId} = ${users.id})
      and not exists (select from ${registrations} where ${registrations.userId} = ${users.id}
        and ${registrations.createdAt} > ${ago(REGISTRATIONS_KEPT_DAYS, 'days')})
      and not exists (select from ${mailedTokens} where ${mailedTokens.userId} = ${users.id}
        and ${mailedTokens.expiresAt} > now())`,
  },
  invitations: {
    key: invitations.id,
    isExpired: lte(invitations.expiresAt, sql`now()`),
    ofOrganizations: true,
  },
  // Spent ones tell a thief until then. Those of a session that goes would go with it in one statement, however many.
  refreshTokens: {
    key: refreshTokens.id,
    isExpired: sql`(${lte(refreshTokens.expiresAt, sql`now()`)} or ${refreshTokens.sessionId} in (
      select ${sessions.id} from ${sessions} where ${isSessionExpired}))`,
  },
  sessions: {
    key: sessions.id,
    isExpired: isSessionExpired,
  },
  accessRevocations: {
    key: accessRevocations.subjectId,
    isExpired: lt(accessRevocations.revokedAt, ago(REVOCATIONS_KEPT_HOURS, 'hours')),
  },
  mailCounts: { key: mailCounts.subjectHash, isExpired: lte(mailCounts.expiresAt, sql`now()`) },
  signInThrottles: { key: signInThrottles.addressHash, isExpired: isForgotten },
  doneJobs: { key: outbox.id, isExpired: lt(outbox.doneAt, ago(DONE_JOBS_KEPT_DAYS, 'days')) },
} satisfies Record<string, Condition>

export type Perishable = keyof typeof PERISHABLE

/** Answers how many rows it deleted. Deletes of audited tables leave entries, as all do. */
export async function purge(db: Db, what: Perishable): Promise<number> {
  const condition: Condition = PERISHABLE[what]
  const purgeBatch = condition.ofOrganizations
    ? () => acrossOrganizations(db, ({ tx }) => deleteSome(tx, condition))
    : () => deleteSome(db, condition)
  for (let total = 0; ; ) {
    const count = await purgeBatch()
    total += count
    if (count < BATCH) return total
  }
}

async function deleteSome(db: Db, { key, isExpired }: Condition): Promise<number> {
  const some = db.select({ key }).from(key.table).where(isExpired).limit(BATCH)
  // Twice: a row that was renewed meanwhile is still in `some`.
  const { count } = await db.delete(key.table).where(and(inArray(key, some), isExpired))
  return count
}
