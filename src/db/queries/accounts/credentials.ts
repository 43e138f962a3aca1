import { and, eq, sql } from 'drizzle-orm'
import { recordSecurityEvent } from '../../../lib/audit/context.js'
import { Unauthorized, WrongPassword } from '../../../lib/errors/errors.js'
import type { Db } from '../../driver/client.js'
import { type User, users } from '../../schema/users.js'
import { enqueueNotice } from '../jobs/outbox.js'
import { endSessions } from '../sessions/sessions.js'
import { consumeMailedToken, findMailedToken, isSessionLive, lockUser } from './mailed-tokens.js'
import { admitByMailbox } from './sign-in-throttle.js'
import { findUserById } from './users.js'

/** Whose password a link may set; undefined when it opens nothing. */
export async function findResetOwner(db: Db, token: string): Promise<User | undefined> {
  const row = await findMailedToken(db, 'reset_password', token)
  return row && findUserById(db, row.userId)
}

/**
 * Sets a password by a mailed link, be it the first or a forgotten one. The link has proved the mailbox, so a pending
 * account becomes active. Ends every session. `ip` is the caller's. Throws InvalidToken.
 */
export const resetPassword = (db: Db, token: string, passwordHash: string, ip: string): Promise<void> =>
  db.transaction(async (tx) => {
    const { user } = await consumeMailedToken(tx, 'reset_password', token)
    recordSecurityEvent('password_reset', user.id)
    await tx
      .update(users)
      .set({
        passwordHash,
        emailVerifiedAt: user.emailVerifiedAt ?? new Date(),
        ...(user.status === 'pending' && { status: 'active' as const }),
      })
      .where(eq(users.id, user.id))
    await endSessions(tx, user.id)
    await admitByMailbox(tx, user.email, ip)
    await enqueueNotice(tx, 'password-changed', user)
  })

/** `user` is as it was when the present password was verified, and `sessionId` the session that did it. */
type PasswordChange = { user: User; sessionId: string; passwordHash: string }

/**
 * Ends every session but the one that changes the password.
 * @throws WrongPassword when the account has changed since, and Unauthorized when the session has ended
 */
export const changePassword = (
  db: Db,
  { user: { id, securityVersion }, sessionId, passwordHash }: PasswordChange,
): Promise<void> =>
  db.transaction(async (tx) => {
    const user = await lockUser(tx, id)
    if (!user || !(await isSessionLive(tx, sessionId))) throw new Unauthorized()
    if (user.securityVersion !== securityVersion) throw new WrongPassword()
    await tx.update(users).set({ passwordHash }).where(eq(users.id, id))
    recordSecurityEvent('password_changed')
    await endSessions(tx, id, { except: sessionId })
    await enqueueNotice(tx, 'password-changed', user)
  })

/**
 * The same password, hashed with more effort. To its owner nothing has changed: `updatedAt` and `securityVersion` stay as they
 * are, sessions and links go on. Leaves a password alone that was changed meanwhile.
 */
export const upgradePasswordHash = (
  db: Db,
  { id, passwordHash }: Pick<User, 'id' | 'passwordHash'>,
  betterHash: string,
): Promise<void> =>
  db.transaction(async (tx) => {
    await tx.execute(sql`select set_config('app.same_password', 'on', true)`)
    await tx
      .update(users)
      .set({ passwordHash: betterHash, updatedAt: sql`${users.updatedAt}` })
      .where(and(eq(users.id, id), eq(users.passwordHash, passwordHash ?? '')))
  })
