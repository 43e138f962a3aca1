import { and, eq, gt, isNull, ne } from 'drizzle-orm'
import { hashToken } from '../../../lib/auth/tokens.js'
import { NotFound } from '../../../lib/errors/errors.js'
import type { Page, PageQuery } from '../../../lib/schema/pagination.js'
import type { Db, Tx } from '../../driver/client.js'
import { refreshTokens, type Session, sessions } from '../../schema/sessions.js'
import { keysetPage } from '../page.js'

/**
 * In seconds. `absolute`: the longest life of a session. `idle`: its life without a refresh (both OWASP
 * ASVS 5.0, 7.3). `grace`: how long a spent refresh token may be retried.
 */
export type SessionLifetimes = { absolute: number; idle: number; grace: number }

/** The token expires after the idle time, or with its session. */
export async function addRefreshToken(
  tx: Tx,
  { id, expiresAt }: Pick<Session, 'id' | 'expiresAt'>,
  token: string,
  { idle }: SessionLifetimes,
): Promise<void> {
  await tx.insert(refreshTokens).values({
    sessionId: id,
    tokenHash: hashToken(token),
    expiresAt: new Date(Math.min(secondsFromNow(idle).getTime(), expiresAt.getTime())),
  })
}

/** The live sessions of a user. */
export async function listSessions(
  db: Db,
  userId: string,
  query: PageQuery<'createdAt' | '-createdAt'>,
): Promise<Page<Session>> {
  const page = keysetPage<Session, 'createdAt'>({ createdAt: sessions.createdAt }, sessions.id, query)
  const rows = await db
    .select()
    .from(sessions)
    .where(and(eq(sessions.userId, userId), isLive(), page.after))
    .orderBy(...page.orderBy)
    .limit(page.limit)
  return page.toPage(rows)
}

/** Ends a session. A trigger revokes its access tokens and notifies every process. */
export async function endSession(db: Db, id: string): Promise<void> {
  await db
    .update(sessions)
    .set({ endedAt: new Date() })
    .where(and(eq(sessions.id, id), isNull(sessions.endedAt)))
}

/** @throws {NotFound} when the session belongs to another user or has ended */
export async function endOwnSession(db: Db, userId: string, id: string): Promise<void> {
  const ended = await db
    .update(sessions)
    .set({ endedAt: new Date() })
    .where(and(eq(sessions.id, id), eq(sessions.userId, userId), isNull(sessions.endedAt)))
    .returning({ id: sessions.id })
  if (ended.length === 0) throw new NotFound()
}

/** Ends all sessions of a user, except the session `except`. */
export async function endSessions(
  db: Db,
  userId: string,
  { except }: { except?: string } = {},
): Promise<void> {
  await db
    .update(sessions)
    .set({ endedAt: new Date() })
    .where(
      and(
        eq(sessions.userId, userId),
        isNull(sessions.endedAt),
        except === undefined ? undefined : ne(sessions.id, except),
      ),
    )
}

/** The condition for sessions that have neither ended nor expired. */
export const isLive = () => and(isNull(sessions.endedAt), gt(sessions.expiresAt, new Date()))

export const secondsFromNow = (seconds: number): Date => new Date(Date.now() + seconds * 1000)
