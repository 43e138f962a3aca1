import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Db } from '../../src/db/client.js'
import { mailedTokens } from '../../src/db/schema/mailed-tokens.js'
import { type User, users } from '../../src/db/schema/users.js'

type Registration = Pick<User, 'email' | 'firstName' | 'lastName'> & { passwordHash: string }

const isUnconfirmed = sql`${users.status} = 'pending' and ${users.passwordHash} is not null`

/** The statements of `register`, but for the row of the outbox. */
export const registerWithoutJob = (db: Db, registration: Registration): Promise<void> =>
  db.transaction(async (tx) => {
    const { email, passwordHash, firstName, lastName } = registration
    await tx
      .insert(users)
      .values({ ...registration, status: 'pending' })
      .onConflictDoUpdate({
        target: users.email,
        set: { passwordHash, firstName, lastName, updatedAt: sql`now()` },
        setWhere: isUnconfirmed,
      })
    const unconfirmed = tx
      .select({ id: users.id })
      .from(users)
      .where(and(eq(users.email, email), isUnconfirmed))
    await tx.delete(mailedTokens).where(inArray(mailedTokens.userId, unconfirmed))
  })
