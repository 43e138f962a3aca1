import { and, eq, inArray, sql } from 'drizzle-orm'
import { EmailTaken } from '../../lib/errors.js'
import type { Db, Tx } from '../client.js'
import { isUniqueViolation } from '../errors.js'
import { mailedTokens } from '../schema/mailed-tokens.js'
import { type User, users } from '../schema/users.js'
import { spendMailedToken, voidMailedTokens } from './mailed-tokens.js'
import { enqueue } from './outbox.js'

type Registration = Pick<User, 'email' | 'firstName' | 'lastName'> & { passwordHash: string }

/** Registered by its owner, or by somebody who says so; an administrator's accounts start without a password. */
const isUnconfirmed = sql`${users.status} = 'pending' and ${users.passwordHash} is not null`

/**
 * Registers an address, known or not: the same statements run either way, and the mail tells its owner the rest.
 * Of several registrations that nobody has confirmed yet the newest counts. An account that an administrator prepared
 * (it has no password) is not touched: its owner sets the password by the link that was sent.
 */
export const register = (db: Db, registration: Registration): Promise<void> =>
  db.transaction(async (tx) => {
    const { passwordHash, firstName, lastName } = registration
    await tx
      .insert(users)
      .values({ ...registration, status: 'pending' })
      .onConflictDoUpdate({
        target: users.email,
        set: { passwordHash, firstName, lastName, updatedAt: sql`now()` },
        setWhere: isUnconfirmed,
      })
    await voidOlderLinks(tx, registration.email)
    await enqueue(tx, 'confirm-registration', { email: registration.email })
  })

/** At once, and not only when the newer link is written: the older one would confirm the newer password. */
async function voidOlderLinks(tx: Tx, email: string): Promise<void> {
  const unconfirmed = tx
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.email, email), isUnconfirmed))
  await tx.delete(mailedTokens).where(inArray(mailedTokens.userId, unconfirmed))
}

/**
 * What the link in a mail proves: that the mailbox belongs to the account. Activates a new account, or moves an existing
 * one to its new address and tells the old one.
 * @throws InvalidToken, and EmailTaken when somebody else got the new address meanwhile
 */
export const verifyEmail = (db: Db, token: string): Promise<void> =>
  db.transaction(async (tx) => {
    const { userId, email } = await spendMailedToken(tx, 'verify_email', token)
    const [user] = await tx.select().from(users).where(eq(users.id, userId)).for('no key update')
    if (!user) return
    await tx.update(users).set(verified(user, email)).where(eq(users.id, userId)).catch(explainTaken)
    if (email !== user.email) await announceMove(tx, user)
  })

const verified = (user: User, email: string) => ({
  email,
  emailVerifiedAt: new Date(),
  ...(user.status === 'pending' && { status: 'active' as const }),
})

function explainTaken(error: unknown): never {
  throw isUniqueViolation(error, 'users_email_key') ? new EmailTaken() : error
}

async function announceMove(tx: Tx, { id, email }: User): Promise<void> {
  await voidMailedTokens(tx, id)
  await enqueue(tx, 'send-notice', { mail: 'email-changed', userId: id, to: email })
}
