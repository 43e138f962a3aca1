import { type SQL, sql } from 'drizzle-orm'
import { type OrganizationCaller, type Permission, requirePermission } from '../../lib/auth/permissions.js'
import type { OrganizationRole, UserRole } from '../../lib/auth/roles.js'
import { Forbidden, NotFound } from '../../lib/errors/errors.js'
import { SCOPE_SETTING } from '../declarations/tenant-policies.js'
import type { Db, Tx } from '../driver/client.js'
import { sessionOf } from './scoped-reads.js'

/** As the access token tells. */
export type Caller = { userId: string; role: UserRole }

type Found = { organizationId: string | null; role: OrganizationRole | null }

/** For the rest of the transaction. */
export const setScope = (tx: Tx, scope: string) =>
  tx.execute(sql`select set_config(${SCOPE_SETTING}, ${scope}, true)`)

/**
 * The setting and the membership in one statement. Nothing joins the rows but constants, so PostgreSQL has no other way than
 * to make the setting first and then, in a nested loop, look the rows up under it. Another order would find nothing.
 */
export const LOOK_UP = `
  select organization.id as "organizationId", membership.role
  from (select set_config('${SCOPE_SETTING}', $1, true) offset 0) as setting
  left join organizations as organization on organization.id = $2 and organization.deleted_at is null
  left join memberships as membership on membership.organization_id = $2 and membership.user_id = $3`

export async function enterToRead(
  db: Db,
  caller: Caller,
  organizationId: string,
  permission: Permission,
): Promise<OrganizationCaller> {
  const params = [`organization:${organizationId}`, organizationId, caller.userId]
  const [found] = await sessionOf(db).pool.run(
    async (client) => await client.unsafe<Found[]>(LOOK_UP, params, { prepare: true }),
  )
  return admit(found, caller, permission)
}

/**
 * Locks what it reads, always in this order: the account of a super_admin, the organization where it or its members are about
 * to change (of several who do that, one at a time), the membership. The statements go out together.
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
  // Let in with the token of a super_admin, and meanwhile none any more.
  if (isSuperAdmin && admins.length === 0) throw new Forbidden()
  const found = { organizationId: organizations[0]?.id ?? null, role: memberships[0]?.role ?? null }
  return admit(found, caller, permission)
}

const lockSuperAdmin = (userId: string): SQL => sql`
  select id from users where id = ${userId} and role = 'super_admin' and status = 'active' for share`

const lockOrganization = (id: string, forChange: boolean): SQL => sql`
  select id from organizations where id = ${id} and deleted_at is null ${forChange ? sql`for no key update` : sql`for key share`}`

/** One answer for an organization that is not there and one that the caller is no member of. */
function admit(found: Found | undefined, { role }: Caller, permission: Permission): OrganizationCaller {
  const caller = { role: found?.role ?? null, isSuperAdmin: role === 'super_admin' }
  if (!found?.organizationId || (caller.role === null && !caller.isSuperAdmin)) throw new NotFound()
  requirePermission(caller, permission)
  return caller
}
