import { and, eq, gt, isNull, ne } from 'drizzle-orm'
import { InvalidCredentials, NotFound } from '../../lib/errors.js'
import type { Page, PageQuery } from '../../lib/pagination.js'
import { generateToken, hashToken } from '../../lib/tokens.js'
import type { Db, Tx } from '../client.js'
import { refreshTokens, type Session, sessions } from '../schema/sessions.js'
import { type User, users } from '../schema/users.js'
import { keysetPage } from './page.js'

/** In seconds: how long a session lasts however much it is used, and how long when it is not (OWASP ASVS 5.0, 7.3). */
export type SessionLifetimes = { absolute: number; idle: number; grace: number }

/** `user` is as it was when its password was verified. */
export type NewSession = { user: User; ip: string; userAgent: string | undefined }

type SessionKind = { lifetimeSeconds: number; cookieHash?: Buffer }

const USER_AGENT_MAX_LENGTH = 400

/**
 * The refresh token is answered once and only its hash is kept.
 * @throws InvalidCredentials when password or status have changed since: what ended the other sessions ends this one, too
 */
export const createSession = (
  db: Db,
  newSession: NewSession,
  lifetimes: SessionLifetimes,
): Promise<{ id: string; refreshToken: string }> =>
  db.transaction(async (tx) => {
    const session = await insertSession(tx, { ...newSession, lifetimeSeconds: lifetimes.absolute })
    const refreshToken = generateToken()
    await addRefreshToken(tx, session, refreshToken, lifetimes)
    return { id: session.id, refreshToken }
  })

/** @throws InvalidCredentials as `createSession` does */
export async function insertSession(
  tx: Tx,
  { user, ip, userAgent, lifetimeSeconds, cookieHash }: NewSession & SessionKind,
): Promise<Pick<Session, 'id' | 'expiresAt'>> {
  await checkUnchanged(tx, user)
  const expiresAt = secondsFromNow(lifetimeSeconds)
  const [session] = await tx
    .insert(sessions)
    .values({
      userId: user.id,
      ip,
      userAgent: userAgent?.slice(0, USER_AGENT_MAX_LENGTH) ?? null,
      expiresAt,
      cookieHash,
    })
    .returning({ id: sessions.id })
  return { id: (session as { id: string }).id, expiresAt }
}

/** Holds off every change of the user until the session is there to be ended by it. */
async function checkUnchanged(tx: Tx, { id, passwordHash, updatedAt }: User): Promise<void> {
  const [user] = await tx.select().from(users).where(eq(users.id, id)).for('share')
  // A new hash alone is an upgrade of the old one, and a new time alone may be a new name.
  const hasNewPassword =
    user?.passwordHash !== passwordHash && user?.updatedAt.getTime() !== updatedAt.getTime()
  if (user?.status !== 'active' || hasNewPassword) throw new InvalidCredentials()
}

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
  const isLive = and(isNull(sessions.endedAt), gt(sessions.expiresAt, new Date()))
  const rows = await db
    .select()
    .from(sessions)
    .where(and(eq(sessions.userId, userId), isLive, page.after))
    .orderBy(...page.orderBy)
    .limit(page.limit)
  return page.toPage(rows)
}

/** A trigger makes the session's access tokens void and tells every process. */
export async function endSession(db: Db, id: string): Promise<void> {
  await db
    .update(sessions)
    .set({ endedAt: new Date() })
    .where(and(eq(sessions.id, id), isNull(sessions.endedAt)))
}

/** Throws NotFound for a session of somebody else, and for one that has ended. */
export async function endOwnSession(db: Db, userId: string, id: string): Promise<void> {
  const ended = await db
    .update(sessions)
    .set({ endedAt: new Date() })
    .where(and(eq(sessions.id, id), eq(sessions.userId, userId), isNull(sessions.endedAt)))
    .returning({ id: sessions.id })
  if (ended.length === 0) throw new NotFound()
}

/** Ends all sessions of a user but the one that is named. */
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

const secondsFromNow = (seconds: number): Date => new Date(Date.now() + seconds * 1000)
