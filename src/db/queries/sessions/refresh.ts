import { eq, sql } from 'drizzle-orm'
import { recordSecurityEvent } from '../../../lib/audit/context.js'
import { deriveSuccessor, generateSeed, hashToken } from '../../../lib/auth/opaque-tokens.js'
import { InvalidRefreshToken } from '../../../lib/errors/errors.js'
import type { Db, Tx } from '../../driver/client.js'
import { refreshTokens, type Session, sessions } from '../../schema/sessions.js'
import { type User, users } from '../../schema/users.js'
import { addRefreshToken, type SessionLifetimes } from './create-session.js'
import { endSession } from './sessions.js'

type RefreshToken = typeof refreshTokens.$inferSelect
type Family = { token: RefreshToken; session: Session; user: User }

/** `refreshToken` is the successor of the presented token. */
export type Refreshed = { session: Session; user: User; refreshToken: string }

/** Most refreshes skip this write. A minute is precise enough for a list of sessions. */
const LAST_USED_RESOLUTION_MS = 60_000

/**
 * Exchanges a refresh token for its successor. The session is the token family of RFC 9700, 4.14.2.
 *
 * If the token was spent within the grace period and its successor is not spent yet, this is a retry
 * or a race, and returns the same successor. Any other use of a spent token means that two parties
 * hold it, so the session ends for both.
 * @throws {InvalidRefreshToken} when the token is unknown, expired or reused, or its session has ended
 */
export async function refreshSession(db: Db, token: string, lifetimes: SessionLifetimes): Promise<Refreshed> {
  const refreshed = await db.transaction(async (tx) => {
    const family = await lockFamily(tx, token)
    if (!family || !isAlive(family)) return undefined
    const { session, user } = family
    const refreshToken = await successorOf(tx, family, token, lifetimes)
    if (refreshToken !== undefined) return { session, user, refreshToken }
    await endSession(tx, session.id)
    recordSecurityEvent('refresh_token_reused', user.id)
    return undefined
  })
  // Thrown outside the transaction, so that the end of a stolen session is not rolled back.
  if (!refreshed) throw new InvalidRefreshToken()
  return refreshed
}

/** Locks the token, which serializes its parallel uses. */
async function lockFamily(tx: Tx, token: string): Promise<Family | undefined> {
  const [family] = await tx
    .select({ token: refreshTokens, session: sessions, user: users })
    .from(refreshTokens)
    .innerJoin(sessions, eq(sessions.id, refreshTokens.sessionId))
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(eq(refreshTokens.tokenHash, hashToken(token)))
    .for('update', { of: refreshTokens })
  return family
}

const isAlive = ({ token, session, user }: Family): boolean =>
  session.endedAt === null &&
  session.expiresAt > new Date() &&
  token.expiresAt > new Date() &&
  user.status === 'active'

async function successorOf(
  tx: Tx,
  { token, session }: Family,
  presented: string,
  lifetimes: SessionLifetimes,
): Promise<string | undefined> {
  if (token.spentAt === null) {
    const seed = generateSeed()
    const successor = deriveSuccessor(presented, seed)
    await tx
      .update(refreshTokens)
      .set({ spentAt: new Date(), successorSeed: seed })
      .where(eq(refreshTokens.id, token.id))
    await addRefreshToken(tx, session, successor, lifetimes)
    await touch(tx, session)
    return successor
  }
  const isRecent = Date.now() - token.spentAt.getTime() < lifetimes.grace * 1000
  if (!isRecent || !token.successorSeed) return undefined
  const successor = deriveSuccessor(presented, token.successorSeed)
  const [row] = await tx
    .select({ spentAt: refreshTokens.spentAt })
    .from(refreshTokens)
    .where(eq(refreshTokens.tokenHash, hashToken(successor)))
  return row?.spentAt === null ? successor : undefined
}

async function touch(tx: Tx, session: Session): Promise<void> {
  if (Date.now() - session.lastUsedAt.getTime() < LAST_USED_RESOLUTION_MS) return
  await tx.update(sessions).set({ lastUsedAt: sql`now()` }).where(eq(sessions.id, session.id))
}
