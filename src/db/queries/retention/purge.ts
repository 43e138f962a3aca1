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

/** After the end of a session. Long enough to investigate how an account was used, and from where. */
const SESSIONS_KEPT_DAYS = 30

/** The longest configurable lifetime of an access token, plus an hour for clock skew. */
const REVOCATIONS_KEPT_HOURS = 25

const DONE_JOBS_KEPT_DAYS = 7

/** After the last unconfirmed registration of an address. The account also stays while a link is valid. */
export const REGISTRATIONS_KEPT_DAYS = 14

/** So few rows that a statement holds its locks only briefly. */
const BATCH = 1000

type Condition = {
  key: PgColumn
  isExpired: SQL
  /** True for tenant tables, whose rows are visible only across organizations. */
  ofOrganizations?: true
}

const ago = (count: number, unit: 'days' | 'hours'): SQL =>
  sql`now() - ${count} * ${sql.raw(`interval '1 ${unit}'`)}`

const isSessionExpired = lt(
  sql`least(${sessions.endedAt}, ${sessions.expiresAt})`,
  ago(SESSIONS_KEPT_DAYS, 'days'),
)

/** The kinds of rows that expire, and the condition for each. */
const PERISHABLE = {
  mailedTokens: { key: mailedTokens.id, isExpired: lte(mailedTokens.expiresAt, sql`now()`) },
  // Accounts that an administrator created have no registration, and stay.
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
  // Spent tokens are kept until they expire, to detect theft. Tokens of expired sessions are deleted
  // here, because deleting the session would delete all of them in one statement.
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

/** Deletes all expired rows of a kind, in batches, and returns how many. Audited tables get entries. */
export async function purge(db: Db, kind: Perishable): Promise<number> {
  const condition: Condition = PERISHABLE[kind]
  const purgeBatch = condition.ofOrganizations
    ? () => acrossOrganizations(db, ({ tx }) => deleteBatch(tx, condition))
    : () => deleteBatch(db, condition)
  for (let total = 0; ; ) {
    const count = await purgeBatch()
    total += count
    if (count < BATCH) return total
  }
}

async function deleteBatch(db: Db, { key, isExpired }: Condition): Promise<number> {
  const batch = db.select({ key }).from(key.table).where(isExpired).limit(BATCH)
  // Checks the condition again: a row in `batch` may have been renewed meanwhile.
  const { count } = await db.delete(key.table).where(and(inArray(key, batch), isExpired))
  return count
}
