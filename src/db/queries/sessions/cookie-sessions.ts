import { and, eq, gt, isNull, lt, sql } from 'drizzle-orm'
import { generateToken, hashToken } from '../../../lib/auth/tokens.js'
import type { Db } from '../../driver/client.js'
import { sessions } from '../../schema/sessions.js'
import { type User, users } from '../../schema/users.js'
import { insertSession, type NewSession, type StartedSession } from './create-session.js'

export type CookieSession = { id: string; user: Pick<User, 'id' | 'email' | 'role'> }

/**
 * A session that a browser keeps in a cookie. Its token is answered once and only its hash is kept.
 * @throws InvalidCredentials as `createSession` does
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

/** Undefined for a token that is unknown, and for one whose session has ended, in whatever way. */
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

/** A minute is exact enough for a list of sessions, and a page that reloads itself writes no more often. */
export async function touchCookieSession(db: Db, id: string): Promise<void> {
  await db
    .update(sessions)
    .set({ lastUsedAt: sql`now()` })
    .where(and(eq(sessions.id, id), lt(sessions.lastUsedAt, sql`now() - interval '1 minute'`)))
}
