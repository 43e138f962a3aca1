import { and, desc, eq, gt, inArray, isNull, ne } from 'drizzle-orm'
import { redactText } from '../../../lib/audit/redact.js'
import { generateToken, hashToken } from '../../../lib/auth/opaque-tokens.js'
import { InvalidCredentials } from '../../../lib/errors/errors.js'
import type { Db, Tx } from '../../driver/client.js'
import { refreshTokens, type Session, sessions } from '../../schema/sessions.js'
import { type User, users } from '../../schema/users.js'

/**
 * In seconds. `absolute`: the longest life of a session. `idle`: its life without a refresh (both OWASP
 * ASVS 5.0, 7.3). `grace`: how long a spent refresh token may be retried.
 */
export type SessionLifetimes = { absolute: number; idle: number; grace: number }

/**
 * `user` is the row whose password was verified. If the user has more than `maxPerUser` live sessions,
 * the oldest ones end.
 */
export type NewSession = { user: User; ip: string; userAgent: string | undefined; maxPerUser: number }

/** `endedOthers`: older sessions ended, so wait for the revocation list before the response is sent. */
export type StartedSession = Pick<Session, 'id' | 'expiresAt'> & { endedOthers: boolean }

type SessionKind = { lifetimeSeconds: number; cookieHash?: Buffer }

const USER_AGENT_MAX_LENGTH = 400

/**
 * Creates a session with its first refresh token. Returns the token, of which only the hash is stored.
 * @throws {InvalidCredentials} when password or status changed after the check of the password. Such a
 *   change ends all sessions, and this one must not escape it.
 */
export const createSession = (
  db: Db,
  newSession: NewSession,
  lifetimes: SessionLifetimes,
): Promise<StartedSession & { refreshToken: string }> =>
  db.transaction(async (tx) => {
    const session = await insertSession(tx, { ...newSession, lifetimeSeconds: lifetimes.absolute })
    const refreshToken = generateToken()
    await addRefreshToken(tx, session, refreshToken, lifetimes)
    return { ...session, refreshToken }
  })

/** @throws {InvalidCredentials} as `createSession` does */
export async function insertSession(
  tx: Tx,
  { user, ip, userAgent, maxPerUser, lifetimeSeconds, cookieHash }: NewSession & SessionKind,
): Promise<StartedSession> {
  await checkUnchanged(tx, user)
  const expiresAt = secondsFromNow(lifetimeSeconds)
  const [session] = await tx
    .insert(sessions)
    .values({
      userId: user.id,
      ip,
      userAgent: userAgent === undefined ? null : redactText(userAgent).slice(0, USER_AGENT_MAX_LENGTH),
      expiresAt,
      cookieHash,
    })
    .returning({ id: sessions.id })
  const { id } = session as { id: string }
  return { id, expiresAt, endedOthers: await endOldest(tx, user.id, { keep: maxPerUser - 1, except: id }) }
}

/** The caller holds a lock on the user, so that two sign-ins do not count the same sessions. */
async function endOldest(
  tx: Tx,
  userId: string,
  { keep, except }: { keep: number; except: string },
): Promise<boolean> {
  const tooMany = tx
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(eq(sessions.userId, userId), isLive(), ne(sessions.id, except)))
    .orderBy(desc(sessions.createdAt), desc(sessions.id))
    .offset(keep)
  const ended = await tx
    .update(sessions)
    .set({ endedAt: new Date() })
    .where(and(inArray(sessions.id, tooMany), isNull(sessions.endedAt)))
    .returning({ id: sessions.id })
  return ended.length > 0
}

/** Locks the user until the transaction ends: changes of the user and other sign-ins wait for the session. */
async function checkUnchanged(tx: Tx, { id, securityVersion }: User): Promise<void> {
  const [user] = await tx.select().from(users).where(eq(users.id, id)).for('no key update')
  if (user?.status !== 'active' || user.securityVersion !== securityVersion) throw new InvalidCredentials()
}

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

/** The condition for sessions that have neither ended nor expired. */
export const isLive = () => and(isNull(sessions.endedAt), gt(sessions.expiresAt, new Date()))

const secondsFromNow = (seconds: number): Date => new Date(Date.now() + seconds * 1000)
