import { eq } from 'drizzle-orm'
import { recordSecurityEvent } from '../../../lib/audit/context.js'
import { Unauthorized, WrongPassword } from '../../../lib/errors/errors.js'
import type { Db } from '../../driver/client.js'
import { type User, users } from '../../schema/users.js'
import { enqueueNotice } from '../jobs/outbox.js'
import { endSessions } from '../sessions/sessions.js'
import { consumeMailedToken, findMailedToken, isSessionLive, lockUser } from './mailed-tokens.js'
import { admitByMailbox } from './sign-in-throttle.js'
import { findUserById } from './users.js'

/** The user whose password the link may set. Undefined if the token is invalid. */
export async function findResetOwner(db: Db, token: string): Promise<User | undefined> {
  const row = await findMailedToken(db, 'reset_password', token)
  return row && findUserById(db, row.userId)
}

/**
 * Sets the first password or a new one with a mailed link. The link proves the mailbox, so a pending
 * account becomes active. Ends all sessions. `ip` is the caller's.
 * @throws {InvalidToken} when the token is unknown, expired, used or void
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

/** `user` is the row whose current password was verified, and `sessionId` the session of the caller. */
type PasswordChange = { user: User; sessionId: string; passwordHash: string }

/**
 * Changes the password and ends all other sessions of the user.
 * @throws {WrongPassword} when the account changed after the check of the current password
 * @throws {Unauthorized} when the session has ended
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
