import { eq, sql } from 'drizzle-orm'
import { accountToOpen, MissingFields, type NewAccount } from '../../../lib/auth/new-account.js'
import { AccountDisabled, EmailTaken } from '../../../lib/errors/errors.js'
import type { Tx } from '../../driver/client.js'
import { users } from '../../schema/users.js'
import { endSessions } from '../sessions/sessions.js'
import { findUserByEmail } from './users.js'

export type HashedAccount = Omit<NewAccount, 'password'> & { passwordHash: string }

/**
 * For whoever has just proved the mailbox. Of what somebody has prepared under the address without proving it nothing
 * stays: no password, session or link. Throws AccountDisabled and EmailTaken.
 */
export async function openAccount(tx: Tx, email: string, account: HashedAccount): Promise<string> {
  const row = { ...account, status: 'active' as const, emailVerifiedAt: new Date() }
  const [opened] = await tx
    .insert(users)
    .values({ ...row, email })
    .onConflictDoUpdate({
      target: users.email,
      set: { ...row, updatedAt: sql`now()` },
      setWhere: sql`${users.status} = 'pending'`,
    })
    .returning({ id: users.id })
  if (!opened) {
    const user = await findUserByEmail(tx, email)
    throw user?.status === 'disabled' ? new AccountDisabled() : new EmailTaken()
  }
  await endSessions(tx, opened.id)
  return opened.id
}

/** Holds off that it is disabled meanwhile. Throws AccountDisabled, and MissingFields where there is no account yet. */
export async function getActiveAccount(tx: Tx, email: string): Promise<string> {
  const [user] = await tx.select().from(users).where(eq(users.email, email)).for('share')
  if (!user || accountToOpen(user.status, {})) throw new MissingFields()
  return user.id
}
