import { createHash } from 'node:crypto'
import { and, eq, gt, isNull, lte, or, type SQL, sql } from 'drizzle-orm'
import { TooManyAttempts } from '../../../lib/errors/errors.js'
import { networksOf } from '../../../lib/network/client-networks.js'
import type { Db, Tx } from '../../driver/client.js'
import { signInThrottles } from '../../schema/sign-in-throttles.js'

/** In seconds: the wait after the last free failure, doubled by each one after it, and where doubling ends. */
export type SignInWaits = { first: number; longest: number }

/** Typing errors, a forgotten capital, last year's password: people who know theirs rarely need more. */
export const FREE_FAILURES = 5

/** With the longest wait of 15 minutes that leaves a guesser some hundred tries a day (NIST SP 800-63B-4, 3.2.2). */
const FORGOTTEN_AFTER_HOURS = 24

/** How long the client address that proved the mailbox counts apart: for signing in after it, on one device or another. */
export const ADMITTED_MINUTES = 30

/** Whose password is tried, and from where: a client address, or a session that is open already. */
export type Attempt = { email: string; from: { ip: string } | { sessionId: string } }

/** What an attempt was counted by, to take it back with `clearThrottle`. */
export type Counted = { key: Buffer; isLastBeforeWait: boolean }

const { addressHash, failures, lastFailureAt, blockedUntil, reservedUntil } = signInThrottles

/**
 * Counts a failure before the password is looked at, in one statement: however many tries arrive at once, no more than are
 * allowed get that far. All tries for an account count together, wherever they come from, but for two kinds of callers whom
 * strangers must not hold up: those who have just proved the mailbox (`admitByMailbox`), and those who are signed in.
 * @throws TooManyAttempts during a wait; such tries neither count nor prolong it
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

/** The right password ends the wait as well as the count. */
export async function clearThrottle(db: Db, key: Buffer): Promise<void> {
  const isOfKey = eq(addressHash, key)
  const isShared = or(isNull(reservedUntil), lte(reservedUntil, sql`now()`))
  const { count } = await db.delete(signInThrottles).where(and(isOfKey, isShared))
  // What is reserved stays so for its time.
  if (count === 0) await db.update(signInThrottles).set({ failures: 0, blockedUntil: null }).where(isOfKey)
}

/**
 * A caller who proved the mailbox does not wait for strangers: ends the account's wait, and counts tries from this address apart
 * for a while. Else wrong passwords sent at the right moment would keep the owner out for good.
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

export const isForgotten = sql`${lastFailureAt} < now() - ${FORGOTTEN_AFTER_HOURS} * interval '1 hour'`

/** Null while failures are free. The exponent is bounded, or a patient guesser would end in numbers without end. */
const endOfWait = (
  count: SQL,
  { first, longest }: SignInWaits,
): SQL => sql`case when ${count} >= ${FREE_FAILURES}
  then now() + least(${longest}, ${first} * 2 ^ least(${count} - ${FREE_FAILURES}, 30)) * interval '1 second' end`

/** However an address is written, it is one account's. */
const hashOf = (email: string, ...parts: string[]): Buffer =>
  createHash('sha256')
    .update([email.trim().normalize('NFC').toLowerCase(), ...parts].join('\n'))
    .digest()

/** An IPv6 address counts with its /64, the narrowest network that one customer has. */
function reservedHashOf(email: string, ip: string): Buffer {
  const [network = ip] = networksOf(ip)
  return hashOf(email, network)
}

/** Looked up by the statement that counts, for every address alike. */
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
