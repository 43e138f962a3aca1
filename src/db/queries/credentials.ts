import { and, eq, sql } from 'drizzle-orm'
import { noteEvent } from '../../lib/context.js'
import type { Db, Tx } from '../client.js'
import { type User, users } from '../schema/users.js'
import { findMailedToken, spendMailedToken, voidMailedTokens } from './mailed-tokens.js'
import { enqueue } from './outbox.js'
import { endSessions } from './sessions.js'
import { clearThrottle } from './sign-in-throttle.js'
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
    noteEvent('password_reset', userId)
    await endSessions(tx, userId)
    await clearThrottle(tx, user.email)
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
    noteEvent('password_changed')
    await endSessions(tx, userId, { except: sessionId })
    await settleNewPassword(tx, userId)
  })

/**
 * The same password, hashed with more effort. To its owner nothing has changed: `updatedAt` stays as it is, sessions and
 * links go on. Leaves a password alone that was changed meanwhile.
 */
export async function upgradePasswordHash(
  db: Db,
  { id, passwordHash }: Pick<User, 'id' | 'passwordHash'>,
  betterHash: string,
): Promise<void> {
  await db
    .update(users)
    .set({ passwordHash: betterHash, updatedAt: sql`${users.updatedAt}` })
    .where(and(eq(users.id, id), eq(users.passwordHash, passwordHash ?? '')))
}

async function settleNewPassword(tx: Tx, userId: string): Promise<void> {
  await voidMailedTokens(tx, userId)
  await enqueue(tx, 'send-notice', { mail: 'password-changed', userId })
}
