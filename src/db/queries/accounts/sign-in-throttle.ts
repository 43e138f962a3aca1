import { createHash } from 'node:crypto'
import { and, eq, gt, isNull, lte, or, type SQL, sql } from 'drizzle-orm'
import { TooManyAttempts } from '../../../lib/errors/errors.js'
import { networksOf } from '../../../lib/network/client-networks.js'
import type { Db, Tx } from '../../driver/client.js'
import { signInThrottles } from '../../schema/sign-in-throttles.js'

/** In seconds. `first`: the wait after the last free failure. Each further failure doubles it, up to `longest`. */
export type SignInWaits = { first: number; longest: number }

/** Failures up to the first wait. Users who know their password rarely need more tries. */
export const FREE_FAILURES = 5

/** With a longest wait of 15 minutes, an attacker has about 100 tries a day (NIST SP 800-63B-4, 3.2.2). */
const FORGOTTEN_AFTER_HOURS = 24

/**
 * How long tries from the client address that proved the mailbox count separately. Long enough to sign
 * in on several devices.
 */
export const ADMITTED_MINUTES = 30

/** A try of a password: for an account, from a client address or an existing session. */
export type Attempt = { email: string; from: { ip: string } | { sessionId: string } }

/** `key` undoes the count with `clearThrottle`. `isLastBeforeWait`: this try, if it fails, starts a first wait. */
export type Counted = { key: Buffer; isLastBeforeWait: boolean }

const { addressHash, failures, lastFailureAt, blockedUntil, reservedUntil } = signInThrottles

/**
 * Counts a failure before the password is verified, in one statement, so that concurrent tries cannot
 * exceed the limit. All tries for an account count together, from any client address. Two kinds of
 * callers are counted separately, so that strangers cannot block them: those who just proved the
 * mailbox (`admitByMailbox`), and those who are signed in.
 * @throws {TooManyAttempts} during a wait; such tries neither count nor extend the wait
 */
export async function reserveAttempt(db: Db, attempt: Attempt, waits: SignInWaits): Promise<Counted> {
  const key = keyToCountBy(db, attempt)
  const counted = sql`(case when ${isForgotten} then 0 else ${failures} end + 1)`
  const [row] = await db
    .insert(signInThrottles)
    .values({ addressHash: key, failures: 1, lastFailureAt: sql`now()` })
    .onConflictDoUpdate({
      target: addressHash,
      set: { failures: counted, lastFailureAt: sql`now()`, blockedUntil: endOfWait(counted, waits) },
      setWhere: sql`${blockedUntil} is null or ${blockedUntil} <= now()`,
    })
    .returning({ key: addressHash, failures })
  if (!row) throw new TooManyAttempts(await secondsToWait(db, key))
  return { key: row.key, isLastBeforeWait: row.failures === FREE_FAILURES }
}

/** Ends the wait and resets the count, after the right password. */
export async function clearThrottle(db: Db, key: Buffer): Promise<void> {
  const isOfKey = eq(addressHash, key)
  const isShared = or(isNull(reservedUntil), lte(reservedUntil, sql`now()`))
  const { count } = await db.delete(signInThrottles).where(and(isOfKey, isShared))
  // A separate count keeps its row until `reservedUntil`.
  if (count === 0) await db.update(signInThrottles).set({ failures: 0, blockedUntil: null }).where(isOfKey)
}

/**
 * Ends the wait of an account whose mailbox the caller proved, and for 30 minutes counts tries from the
 * caller's address separately. Otherwise a stranger could block the owner for good with wrong
 * passwords.
 */
export async function admitByMailbox(tx: Tx, email: string, ip: string): Promise<void> {
  await tx.delete(signInThrottles).where(eq(addressHash, hashOf(email)))
  const row = {
    failures: 0,
    lastFailureAt: sql`now()`,
    blockedUntil: null,
    reservedUntil: sql`now() + ${ADMITTED_MINUTES} * interval '1 minute'`,
  }
  await tx
    .insert(signInThrottles)
    .values({ ...row, addressHash: reservedHashOf(email, ip) })
    .onConflictDoUpdate({ target: addressHash, set: row })
}

/** The condition for counts that are too old to matter. */
export const isForgotten = sql`${lastFailureAt} < now() - ${FORGOTTEN_AFTER_HOURS} * interval '1 hour'`

/** Null while failures are free. The exponent is limited, so that the wait cannot overflow. */
const endOfWait = (
  count: SQL,
  { first, longest }: SignInWaits,
): SQL => sql`case when ${count} >= ${FREE_FAILURES}
  then now() + least(${longest}, ${first} * 2 ^ least(${count} - ${FREE_FAILURES}, 30)) * interval '1 second' end`

/** All spellings of an address have the same hash. */
const hashOf = (email: string, ...parts: string[]): Buffer =>
  createHash('sha256')
    .update([email.trim().normalize('NFC').toLowerCase(), ...parts].join('\n'))
    .digest()

/** IPv6 addresses count by their /64, the smallest network of one customer. */
function reservedHashOf(email: string, ip: string): Buffer {
  const [network = ip] = networksOf(ip)
  return hashOf(email, network)
}

/** Part of the counting statement, so that known and unknown addresses cost the same. */
function keyToCountBy(db: Db, { email, from }: Attempt): SQL {
  if ('sessionId' in from) return sql`${hashOf(email, 'session', from.sessionId)}::bytea`
  const reserved = db
    .select({ addressHash })
    .from(signInThrottles)
    .where(and(eq(addressHash, reservedHashOf(email, from.ip)), gt(reservedUntil, sql`now()`)))
  return sql`coalesce((${reserved}), ${hashOf(email)}::bytea)`
}

async function secondsToWait(db: Db, key: SQL): Promise<number> {
  const [throttle] = await db
    .select({ seconds: sql<number>`extract(epoch from ${blockedUntil} - now())::float8` })
    .from(signInThrottles)
    .where(sql`${addressHash} = ${key}`)
  // The wait may have ended since, or a reset by mail may have ended it.
  return Math.max(throttle?.seconds ?? 0, 1)
}
