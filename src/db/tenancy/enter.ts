import { type SQL, sql } from 'drizzle-orm'
import { type OrganizationCaller, type Permission, requirePermission } from '../../lib/auth/permissions.js'
import type { OrganizationRole, UserRole } from '../../lib/auth/roles.js'
import { Forbidden, NotFound } from '../../lib/errors/errors.js'
import { SCOPE_SETTING } from '../declarations/tenant-policies.js'
import type { Db, Tx } from '../driver/client.js'
import { sessionOf } from './scoped-reads.js'

/** The user and role of the access token. */
export type Caller = { userId: string; role: UserRole }

type Found = { organizationId: string | null; role: OrganizationRole | null }

/** Sets the scope for the rest of the transaction. */
export const setScope = (tx: Tx, scope: string) =>
  tx.execute(sql`select set_config(${SCOPE_SETTING}, ${scope}, true)`)

/**
 * Sets the scope and reads the membership in one statement. Only constants join the rows, so
 * PostgreSQL must evaluate the setting first and then look up the rows in a nested loop. In any other
 * order row-level security would hide them.
 */
export const MEMBERSHIP_QUERY = `
  select organization.id as "organizationId", membership.role
  from (select set_config('${SCOPE_SETTING}', $1, true) offset 0) as setting
  left join organizations as organization on organization.id = $2 and organization.deleted_at is null
  left join memberships as membership on membership.organization_id = $2 and membership.user_id = $3`

/**
 * Checks that the caller has the permission in the organization.
 * @throws {NotFound} when the organization does not exist, or for non-members
 * @throws {Forbidden} when the role lacks the permission
 */
export async function enterToRead(
  db: Db,
  caller: Caller,
  organizationId: string,
  permission: Permission,
): Promise<OrganizationCaller> {
  return checkMember(await findMember(db, organizationId, caller.userId), caller, permission)
}

/**
 * Checks only that the organization exists, for what anyone may read.
 * @throws {NotFound} when it does not exist
 */
export async function enterPublicly(db: Db, organizationId: string): Promise<void> {
  const found = await findMember(db, organizationId, null)
  if (!found?.organizationId) throw new NotFound()
}

async function findMember(db: Db, organizationId: string, userId: string | null): Promise<Found | undefined> {
  const params = [`organization:${organizationId}`, organizationId, userId]
  const [found] = await sessionOf(db).pool.run(
    async (client) => await client.unsafe<Found[]>(MEMBERSHIP_QUERY, params, { prepare: true }),
  )
  return found
}

/**
 * Like `enterToRead`, but locks the rows that it reads, always in this order: the account of a
 * super_admin, the organization, the membership. Changes of the organization or its members lock the
 * organization exclusively. The statements are sent together.
 * @throws {NotFound} when the organization does not exist, or for non-members
 * @throws {Forbidden} when the role lacks the permission, or the caller is no longer a super_admin
 */
export async function enterToWrite(
  tx: Tx,
  caller: Caller,
  organizationId: string,
  permission: Permission,
): Promise<OrganizationCaller> {
  const isAdministration = /^(organizations|members)\./.test(permission)
  const isSuperAdmin = caller.role === 'super_admin'
  const [, admins, organizations, memberships] = await Promise.all([
    setScope(tx, `organization:${organizationId}`),
    isSuperAdmin ? tx.execute(lockSuperAdmin(caller.userId)) : [],
    tx.execute<{ id: string }>(lockOrganization(organizationId, isAdministration)),
    tx.execute<{ role: OrganizationRole }>(sql`
      select role from memberships where organization_id = ${organizationId} and user_id = ${caller.userId} for share`),
  ])
  // The token still says super_admin, but the account lost the role since.
  if (isSuperAdmin && admins.length === 0) throw new Forbidden()
  const found = { organizationId: organizations[0]?.id ?? null, role: memberships[0]?.role ?? null }
  return checkMember(found, caller, permission)
}

const lockSuperAdmin = (userId: string): SQL => sql`
  select id from users where id = ${userId} and role = 'super_admin' and status = 'active' for share`

const lockOrganization = (id: string, forChange: boolean): SQL => sql`
  select id from organizations where id = ${id} and deleted_at is null ${forChange ? sql`for no key update` : sql`for key share`}`

/** Non-members get the same failure as for an organization that does not exist. */
function checkMember(found: Found | undefined, { role }: Caller, permission: Permission): OrganizationCaller {
  const caller = { role: found?.role ?? null, isSuperAdmin: role === 'super_admin' }
  if (!found?.organizationId || (caller.role === null && !caller.isSuperAdmin)) throw new NotFound()
  requirePermission(caller, permission)
  return caller
}
