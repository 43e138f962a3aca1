import { and, eq, gt, inArray, isNull } from 'drizzle-orm'
import type { UserRole } from '../../lib/roles.js'
import { generateToken, hashToken } from '../../lib/tokens.js'
import type { Db } from '../client.js'
import { accessRevocations, refreshTokens, sessions } from '../schema/sessions.js'

/** OWASP ASVS 5.0, 7.3.2: a session ends some day, however much it is used. */
export const SESSION_VALID_DAYS = 90
export const REFRESH_TOKEN_VALID_DAYS = 30

const USER_AGENT_MAX_LENGTH = 400

const daysFromNow = (days: number): Date => new Date(Date.now() + days * 86_400_000)

type NewSession = { userId: string; ip: string; userAgent: string | undefined }

/** The refresh token is answered once and only its hash is kept. */
export const createSession = (
  db: Db,
  { userId, ip, userAgent }: NewSession,
): Promise<{ id: string; refreshToken: string }> =>
  db.transaction(async (tx) => {
    const [session] = await tx
      .insert(sessions)
      .values({
        userId,
        ip,
        userAgent: userAgent?.slice(0, USER_AGENT_MAX_LENGTH) ?? null,
        expiresAt: daysFromNow(SESSION_VALID_DAYS),
      })
      .returning({ id: sessions.id })
    const { id } = session as { id: string }
    const refreshToken = generateToken()
    await tx.insert(refreshTokens).values({
      sessionId: id,
      tokenHash: hashToken(refreshToken),
      expiresAt: daysFromNow(REFRESH_TOKEN_VALID_DAYS),
    })
    return { id, refreshToken }
  })

/** A trigger makes the session's access tokens void and tells every process. */
export async function endSession(db: Db, id: string): Promise<void> {
  await db
    .update(sessions)
    .set({ endedAt: new Date() })
    .where(and(eq(sessions.id, id), isNull(sessions.endedAt)))
}

/** Tokens of this session are dead (`role` null), or tokens of this user live only with this role. */
export type AccessRevocation = { subjectId: string; role: UserRole | null }

const columns = { subjectId: accessRevocations.subjectId, role: accessRevocations.role }

export const listAccessRevocations = (db: Db, since: Date): Promise<AccessRevocation[]> =>
  db.select(columns).from(accessRevocations).where(gt(accessRevocations.revokedAt, since))

export const findAccessRevocations = (db: Db, subjectIds: string[]): Promise<AccessRevocation[]> =>
  db.select(columns).from(accessRevocations).where(inArray(accessRevocations.subjectId, subjectIds))
