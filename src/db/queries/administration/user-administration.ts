import { and, eq } from 'drizzle-orm'
import { recordSecurityEvent } from '../../../lib/audit/context.js'
import { Forbidden, LastSuperAdmin, NotFound } from '../../../lib/errors/errors.js'
import type { Db, Tx } from '../../driver/client.js'
import { isStatementTimeout } from '../../driver/errors.js'
import { memberships } from '../../schema/memberships.js'
import { type User, users } from '../../schema/users.js'
import { acrossOrganizations } from '../../tenancy/scopes.js'
import { createUser, getUserById, type NewUser, type UserChanges } from '../accounts/users.js'
import { enqueue } from '../jobs/outbox.js'
import { lockAdministered } from '../organizations/memberships.js'
import { deleteOwnedRows } from '../owned-rows.js'

/**
 * Creates a user. A user without a password gets a link to set the first one.
 * @throws {Forbidden} when the actor is no longer a super_admin
 * @throws {EmailTaken} when the address already has an account
 */
export const createUserAs = (db: Db, actorId: string, user: NewUser): Promise<User> =>
  db.transaction(async (tx) => {
    await lockSuperAdmins(tx, actorId)
    const created = await createUser(tx, user)
    await offerPassword(tx, created)
    return created
  })

/**
 * Updates a user. Triggers end the sessions, links and registrations that the change makes void. A
 * user who is activated without a password gets a link to set one. The password of an unconfirmed
 * registration does not count.
 * @throws {Forbidden} when the actor is no longer a super_admin
 * @throws {NotFound} when there is no such user
 * @throws {LastSuperAdmin} when the last active super_admin would be demoted or disabled
 */
export const updateUserAs = (db: Db, actorId: string, id: string, changes: UserChanges): Promise<User> =>
  db.transaction(async (tx) => {
    const admins = await lockSuperAdmins(tx, actorId)
    const current = await getUserById(tx, id)
    if (Object.keys(changes).length === 0) return current
    const staysAdmin = (changes.role ?? current.role) === 'super_admin' && changes.status !== 'disabled'
    if (!staysAdmin) refuseLastSuperAdmin(admins, id)
    // Activation also verifies the address, because an active user must be able to sign in.
    const verified =
      changes.status === 'active' ? { emailVerifiedAt: current.emailVerifiedAt ?? new Date() } : {}
    const [user] = await tx
      .update(users)
      .set({ ...changes, ...verified })
      .where(eq(users.id, id))
      .returning()
    if (!user) throw new NotFound()
    if (user.status !== current.status) recordSecurityEvent('status_changed', id)
    if (user.role !== current.role) recordSecurityEvent('role_changed', id)
    if (user.status !== current.status) await offerPassword(tx, user)
    return user
  })

async function offerPassword(tx: Tx, { email, status, passwordHash }: User): Promise<void> {
  if (status === 'disabled' || passwordHash !== null) return
  await enqueue(tx, 'request-password-reset', { email })
}

/**
 * Deletes a user in one transaction, unless the statement timeout is too short for all of the user's
 * rows. Then it disables the account first and deletes its rows in batches, and a repeated call
 * continues where this one stopped. A trigger refuses to leave an organization without an org_admin.
 * @throws {Forbidden} when the actor is no longer a super_admin
 * @throws {NotFound} when there is no such user
 * @throws {LastSuperAdmin} when it is the last active super_admin
 */
export async function deleteUserAs(db: Db, actorId: string, id: string): Promise<void> {
  try {
    await deleteAtOnce(db, actorId, id)
  } catch (error) {
    if (!isStatementTimeout(error)) throw error
    await closeAccount(db, actorId, id)
    await deleteOwnedRows((work) => acrossOrganizations(db, ({ tx }) => work(tx)), users, id)
    await deleteAtOnce(db, actorId, id)
  }
  recordSecurityEvent('user_deleted', id)
}

const deleteAtOnce = (db: Db, actorId: string, id: string): Promise<void> =>
  acrossOrganizations(db, async (scope) => {
    const { tx } = scope
    refuseLastSuperAdmin(await lockSuperAdmins(tx, actorId), id)
    await lockAdministered(scope, id)
    const deleted = await tx.delete(users).where(eq(users.id, id)).returning({ id: users.id })
    if (deleted.length === 0) throw new NotFound()
  })

/** Makes all checks that may refuse the deletion before any row is deleted. */
const closeAccount = (db: Db, actorId: string, id: string): Promise<void> =>
  acrossOrganizations(db, async (scope) => {
    const { tx } = scope
    refuseLastSuperAdmin(await lockSuperAdmins(tx, actorId), id)
    await lockAdministered(scope, id)
    await tx.delete(memberships).where(eq(memberships.userId, id))
    await tx.update(users).set({ status: 'disabled' }).where(eq(users.id, id))
  })

/**
 * The ids of the active super_admins, locked in a fixed order until the transaction ends. This
 * serializes concurrent demotions, and a request that began before the actor's demotion cannot write
 * after it.
 * @throws {Forbidden} when the actor is no longer one of them
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
