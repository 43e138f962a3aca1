import { createHash } from 'node:crypto'
import { eq, type SQL, sql } from 'drizzle-orm'
import { TooManyAttempts } from '../../lib/errors.js'
import type { Db } from '../client.js'
import { signInThrottles } from '../schema/sign-in-throttles.js'

/** In seconds: the wait after the last free failure, doubled by each one after it, and where doubling ends. */
export type SignInWaits = { first: number; longest: number }

/** Typing errors, a forgotten capital, last year's password: people who know theirs rarely need more. */
export const FREE_FAILURES = 5

/** With the longest wait of 15 minutes that leaves a guesser some hundred tries a day (NIST SP 800-63B-4, 3.2.2). */
const FORGOTTEN_AFTER_HOURS = 24

const { addressHash, failures, lastFailureAt, blockedUntil } = signInThrottles

/**
 * Counts a failure before the password is looked at, in one statement: however many tries arrive at once, no more than are
 * allowed get that far. Success takes the count back with `clearThrottle`. True when this was the last one before a wait.
 * @throws TooManyAttempts during a wait; such tries neither count nor prolong it
 */
export async function reserveAttempt(db: Db, email: string, waits: SignInWaits): Promise<boolean> {
  const key = keyOf(email)
  const counted = sql`(case when ${isForgotten} then 0 else ${failures} end + 1)`
  const [attempt] = await db
    .insert(signInThrottles)
    .values({ addressHash: key, failures: 1, lastFailureAt: sql`now()` })
    .onConflictDoUpdate({
      target: addressHash,
      set: { failures: counted, lastFailureAt: sql`now()`, blockedUntil: endOfWait(counted, waits) },
      setWhere: sql`${blockedUntil} is null or ${blockedUntil} <= now()`,
    })
    .returning({ failures })
  if (!attempt) throw new TooManyAttempts(await secondsToWait(db, key))
  return attempt.failures === FREE_FAILURES
}

/** The right password, or a new one set by mail, ends the wait as well as the count. */
export async function clearThrottle(db: Db, email: string): Promise<void> {
  await db.delete(signInThrottles).where(eq(addressHash, keyOf(email)))
}

export const isForgotten = sql`${lastFailureAt} < now() - ${FORGOTTEN_AFTER_HOURS} * interval '1 hour'`

/** Null while failures are free. The exponent is bounded, or a patient guesser would end in numbers without end. */
const endOfWait = (
  count: SQL,
  { first, longest }: SignInWaits,
): SQL => sql`case when ${count} >= ${FREE_FAILURES}
  then now() + least(${longest}, ${first} * 2 ^ least(${count} - ${FREE_FAILURES}, 30)) * interval '1 second' end`

/** However an address is written, it is one account's. */
const keyOf = (email: string): Buffer =>
  createHash('sha256').update(email.trim().normalize('NFC').toLowerCase()).digest()

async function secondsToWait(db: Db, key: Buffer): Promise<number> {
  const [throttle] = await db
    .select({ seconds: sql<number>`extract(epoch from ${blockedUntil} - now())::float8` })
    .from(signInThrottles)
    .where(eq(addressHash, key))
  // The wait may have ended since, or a reset by mail may have ended it.
  return Math.max(throttle?.seconds ?? 0, 1)
}
