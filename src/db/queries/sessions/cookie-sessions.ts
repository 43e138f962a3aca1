import { and, eq, gt, isNull, lt, sql } from 'drizzle-orm'
import { generateToken, hashToken } from '../../../lib/auth/opaque-tokens.js'
import type { Db } from '../../driver/client.js'
import { sessions } from '../../schema/sessions.js'
import { type User, users } from '../../schema/users.js'
import { insertSession, type NewSession, type StartedSession } from './create-session.js'

export type CookieSession = { id: string; user: Pick<User, 'id' | 'email' | 'role'> }

/**
 * Creates a session for a browser cookie. Returns the token, of which only the hash is stored.
 * @throws {InvalidCredentials} as `createSession` does
 */
export const createCookieSession = (
  db: Db,
  newSession: NewSession,
  lifetimeSeconds: number,
): Promise<StartedSession & { token: string }> =>
  db.transaction(async (tx) => {
    const token = generateToken()
    const session = await insertSession(tx, { ...newSession, lifetimeSeconds, cookieHash: hashToken(token) })
    return { ...session, token }
  })

/** Undefined if the token is unknown, the session has ended or expired, or the user is not active. */
export async function findCookieSession(db: Db, token: string): Promise<CookieSession | undefined> {
  const [row] = await db
    .select({ id: sessions.id, user: { id: users.id, email: users.email, role: users.role } })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(
      and(
        eq(sessions.cookieHash, hashToken(token)),
        isNull(sessions.endedAt),
        gt(sessions.expiresAt, sql`now()`),
        eq(users.status, 'active'),
      ),
    )
  return row
}

/** Updates `lastUsedAt` at most once a minute, because a page may reload itself often. */
export async function touchCookieSession(db: Db, id: string): Promise<void> {
  await db
    .update(sessions)
    .set({ lastUsedAt: sql`now()` })
    .where(and(eq(sessions.id, id), lt(sessions.lastUsedAt, sql`now() - interval '1 minute'`)))
}
