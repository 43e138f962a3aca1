import { eq } from 'drizzle-orm'
import type { Db, Tx } from '../client.js'
import { type User, users } from '../schema/users.js'
import { findMailedToken, spendMailedToken, voidMailedTokens } from './mailed-tokens.js'
import { enqueue } from './outbox.js'
import { endSessions } from './sessions.js'
import { findUserById } from './users.js'

/** Whose password a link may set; undefined when it opens nothing. */
export async function findResetOwner(db: Db, token: string): Promise<User | undefined> {
  const row = await findMailedToken(db, 'reset_password', token)
  return row && findUserById(db, row.userId)
}

/**
 * Sets a password by a mailed link, be it the first or a forgotten one. The link has proved the mailbox, so a pending
 * account becomes active; a disabled one stays disabled. Ends every session. Throws InvalidToken.
 */
export const resetPassword = (db: Db, token: string, passwordHash: string): Promise<void> =>
  db.transaction(async (tx) => {
    const { userId } = await spendMailedToken(tx, 'reset_password', token)
    const [user] = await tx.select().from(users).where(eq(users.id, userId)).for('no key update')
    if (!user) return
    await tx
      .update(users)
      .set({
        passwordHash,
        emailVerifiedAt: user.emailVerifiedAt ?? new Date(),
        ...(user.status === 'pending' && { status: 'active' as const }),
      })
      .where(eq(users.id, userId))
    await endSessions(tx, userId)
    await settleNewPassword(tx, userId)
  })

/** Ends every session but the one that changes the password. */
export const changePassword = (
  db: Db,
  userId: string,
  sessionId: string,
  passwordHash: string,
): Promise<void> =>
  db.transaction(async (tx) => {
    await tx.update(users).set({ passwordHash }).where(eq(users.id, userId))
    await endSessions(tx, userId, { except: sessionId })
    await settleNewPassword(tx, userId)
  })

async function settleNewPassword(tx: Tx, userId: string): Promise<void> {
  await voidMailedTokens(tx, userId)
  await enqueue(tx, 'send-notice', { mail: 'password-changed', userId })
}
