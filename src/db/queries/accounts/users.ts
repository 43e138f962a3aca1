import { and, eq, sql } from 'drizzle-orm'
import type { Static } from 'typebox'
import { EmailTaken, NotFound, Unauthorized } from '../../../lib/errors/errors.js'
import type { CreateUser, UpdateProfile, UpdateUser } from '../../../lib/schema/user-schemas.js'
import type { Db } from '../../driver/client.js'
import { isUniqueViolation } from '../../driver/errors.js'
import { prepareOnce } from '../../driver/prepare-once.js'
import type { StoredIn } from '../../schema/columns.js'
import { type User, users } from '../../schema/users.js'

/** `email` must be normalised. */
export type NewUser = StoredIn<
  typeof users,
  Omit<Static<typeof CreateUser>, 'password'> & { passwordHash?: string }
>

export type UserChanges = StoredIn<typeof users, Static<typeof UpdateUser>>

export type ProfileChanges = StoredIn<typeof users, Static<typeof UpdateProfile>>

const userById = prepareOnce((db) =>
  db
    .select()
    .from(users)
    .where(eq(users.id, sql.placeholder('id')))
    .prepare('user_by_id'),
)

export const findUserById = (db: Db, id: string): Promise<User | undefined> =>
  userById(db)
    .execute({ id })
    .then(([user]) => user)

/** @throws {NotFound} when there is no such user */
export async function getUserById(db: Db, id: string): Promise<User> {
  const user = await findUserById(db, id)
  if (!user) throw new NotFound()
  return user
}

/** `email` must be normalised. */
export async function findUserByEmail(db: Db, email: string): Promise<User | undefined> {
  const [user] = await db.select().from(users).where(eq(users.email, email))
  return user
}

export const listActiveSuperAdmins = (db: Db): Promise<User[]> =>
  db
    .select()
    .from(users)
    .where(and(eq(users.role, 'super_admin'), eq(users.status, 'active')))

/**
 * Creates a user. With a password the user is active, and the address counts as verified.
 * @throws {EmailTaken} when the address already has an account
 */
export async function createUser(db: Db, user: NewUser): Promise<User> {
  const state = user.passwordHash ? ({ status: 'active', emailVerifiedAt: new Date() } as const) : {}
  try {
    const [created] = await db
      .insert(users)
      .values({ ...user, ...state })
      .returning()
    return created as User
  } catch (error) {
    if (isUniqueViolation(error, 'users_email_key')) throw new EmailTaken()
    throw error
  }
}

/**
 * Updates the fields that users may change themselves.
 * @throws {Unauthorized} when the account was deleted, but its access token has not expired yet
 */
export async function updateProfile(db: Db, id: string, changes: ProfileChanges): Promise<User> {
  const [user] =
    Object.keys(changes).length > 0
      ? await db.update(users).set(changes).where(eq(users.id, id)).returning()
      : [await findUserById(db, id)]
  if (!user) throw new Unauthorized()
  return user
}
