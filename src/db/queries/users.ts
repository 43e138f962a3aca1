import { and, eq, ilike, or, type SQL } from 'drizzle-orm'
import { EmailTaken, Forbidden, LastSuperAdmin, NotFound, Unauthorized } from '../../lib/errors.js'
import type { Page, PageQuery, SortOf } from '../../lib/pagination.js'
import type { UserRole, UserStatus } from '../../lib/roles.js'
import type { Db, Tx } from '../client.js'
import { isUniqueViolation } from '../errors.js'
import { type User, users } from '../schema/users.js'
import { enqueue } from './outbox.js'
import { keysetPage } from './page.js'

const SORTABLE = {
  email: users.email,
  firstName: users.firstName,
  lastName: users.lastName,
  createdAt: users.createdAt,
  updatedAt: users.updatedAt,
}

export const USER_SORT_FIELDS = ['email', 'firstName', 'lastName', 'createdAt', 'updatedAt'] as const
type UserSort = SortOf<(typeof USER_SORT_FIELDS)[number]>

export type UserFilters = PageQuery<UserSort> & { q?: string; role?: UserRole; status?: UserStatus }

export type NewUser = Pick<User, 'email' | 'firstName' | 'lastName'> & {
  role?: UserRole
  passwordHash?: string
}

export type UserChanges = {
  firstName?: string
  lastName?: string
  role?: UserRole
  status?: 'active' | 'disabled'
}

export async function findUserById(db: Db, id: string): Promise<User | undefined> {
  const [user] = await db.select().from(users).where(eq(users.id, id))
  return user
}

/** Throws NotFound. */
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

export async function listUsers(db: Db, filters: UserFilters): Promise<Page<User>> {
  const page = keysetPage<User, (typeof USER_SORT_FIELDS)[number]>(SORTABLE, users.id, filters)
  const rows = await db
    .select()
    .from(users)
    .where(
      and(
        filters.role && eq(users.role, filters.role),
        filters.status && eq(users.status, filters.status),
        filters.q === undefined ? undefined : matches(filters.q),
        page.after,
      ),
    )
    .orderBy(...page.orderBy)
    .limit(page.limit)
  return page.toPage(rows)
}

function matches(text: string): SQL | undefined {
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`
  return or(ilike(users.email, pattern), ilike(users.firstName, pattern), ilike(users.lastName, pattern))
}

/** Made with a password, a user is active and its address counts as verified. Throws EmailTaken. */
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
 * A user without a password is sent a link to set the first one.
 * Throws Forbidden when the actor is no super_admin any more, and EmailTaken.
 */
export const createUserAs = (db: Db, actorId: string, user: NewUser): Promise<User> =>
  db.transaction(async (tx) => {
    await lockSuperAdmins(tx, actorId)
    const created = await createUser(tx, user)
    if (created.status === 'pending') await enqueue(tx, 'request-password-reset', { email: created.email })
    return created
  })

/** What users change about themselves. Throws Unauthorized when the account is gone and its token not yet. */
export async function updateProfile(
  db: Db,
  id: string,
  changes: Pick<UserChanges, 'firstName' | 'lastName'>,
): Promise<User> {
  const isChange = Object.keys(changes).length > 0
  const [user] = isChange
    ? await db.update(users).set(changes).where(eq(users.id, id)).returning()
    : [await findUserById(db, id)]
  if (!user) throw new Unauthorized()
  return user
}

/** Throws Forbidden, NotFound and LastSuperAdmin. Triggers end the sessions and tokens that the change makes void. */
export const updateUserAs = (db: Db, actorId: string, id: string, changes: UserChanges): Promise<User> =>
  db.transaction(async (tx) => {
    const admins = await lockSuperAdmins(tx, actorId)
    const current = await getUserById(tx, id)
    if (Object.keys(changes).length === 0) return current
    const staysAdmin = (changes.role ?? current.role) === 'super_admin' && changes.status !== 'disabled'
    if (!staysAdmin) refuseLastSuperAdmin(admins, id)
    // Whoever activates an account vouches for its address: an active user can always sign in.
    const verified =
      changes.status === 'active' ? { emailVerifiedAt: current.emailVerifiedAt ?? new Date() } : {}
    const [user] = await tx
      .update(users)
      .set({ ...changes, ...verified })
      .where(eq(users.id, id))
      .returning()
    if (!user) throw new NotFound()
    return user
  })

/** Throws Forbidden, NotFound and LastSuperAdmin. */
export const deleteUserAs = (db: Db, actorId: string, id: string): Promise<void> =>
  db.transaction(async (tx) => {
    refuseLastSuperAdmin(await lockSuperAdmins(tx, actorId), id)
    const deleted = await tx.delete(users).where(eq(users.id, id)).returning({ id: users.id })
    if (deleted.length === 0) throw new NotFound()
  })

/**
 * The active super_admins, locked until the transaction ends and always in the same order. Whoever acts must still be one
 * of them: a request that was let in before a demotion must not write after it. And two demotions at once take turns.
 */
async function lockSuperAdmins(tx: Tx, actorId: string): Promise<string[]> {
  const admins = await tx
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.role, 'super_admin'), eq(users.status, 'active')))
    .orderBy(users.id)
    .for('no key update')
  const ids = admins.map((admin) => admin.id)
  if (!ids.includes(actorId)) throw new Forbidden()
  return ids
}

function refuseLastSuperAdmin(admins: string[], id: string): void {
  if (admins.length === 1 && admins[0] === id) throw new LastSuperAdmin()
}
