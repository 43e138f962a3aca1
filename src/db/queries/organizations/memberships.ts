import { and, eq, inArray, type SQL } from 'drizzle-orm'
import { recordSecurityEvent } from '../../../lib/audit/context.js'
import { requirePermission } from '../../../lib/auth/permissions.js'
import type { OrganizationRole } from '../../../lib/auth/roles.js'
import { Forbidden, NotFound } from '../../../lib/errors/errors.js'
import type { Page, PageQuery, SortOf } from '../../../lib/schema/pagination.js'
import { memberships } from '../../schema/memberships.js'
import { organizations } from '../../schema/organizations.js'
import { users } from '../../schema/users.js'
import type { OrganizationScope, PlatformScope } from '../../tenancy/scopes.js'
import { keysetPage } from '../page.js'
import { endSessions } from '../sessions/sessions.js'

const MEMBER = {
  id: memberships.userId,
  userId: memberships.userId,
  email: users.email,
  firstName: users.firstName,
  lastName: users.lastName,
  role: memberships.role,
  createdAt: memberships.createdAt,
}

const SORTABLE = {
  email: users.email,
  firstName: users.firstName,
  lastName: users.lastName,
  createdAt: memberships.createdAt,
}

export const MEMBER_SORT_FIELDS = ['email', 'firstName', 'lastName', 'createdAt'] as const
type MemberSort = SortOf<(typeof MEMBER_SORT_FIELDS)[number]>

/** `id` is the user's id, under the name that lists need. */
export type Member = {
  id: string
  userId: string
  email: string
  firstName: string
  lastName: string
  role: OrganizationRole
  createdAt: Date
}

const inScope = ({ organizationId }: OrganizationScope): SQL => eq(memberships.organizationId, organizationId)

const isMember = (scope: OrganizationScope, userId: string): SQL | undefined =>
  and(inScope(scope), eq(memberships.userId, userId))

export async function listMembers(
  scope: OrganizationScope,
  query: PageQuery<MemberSort> & { role?: OrganizationRole },
): Promise<Page<Member>> {
  const page = keysetPage<Member, (typeof MEMBER_SORT_FIELDS)[number]>(SORTABLE, memberships.userId, query)
  const rows = await scope.tx
    .select(MEMBER)
    .from(memberships)
    .innerJoin(users, eq(users.id, memberships.userId))
    .where(and(inScope(scope), query.role && eq(memberships.role, query.role), page.after))
    .orderBy(...page.orderBy)
    .limit(page.limit)
  return page.toPage(rows)
}

/** @throws {NotFound} when the user is no member */
async function getMember(scope: OrganizationScope, userId: string): Promise<Member> {
  const [member] = await scope.tx
    .select(MEMBER)
    .from(memberships)
    .innerJoin(users, eq(users.id, memberships.userId))
    .where(isMember(scope, userId))
  if (!member) throw new NotFound()
  return member
}

/**
 * A trigger refuses to demote the last org_admin.
 * @throws {NotFound} when the user is no member
 */
export async function updateMember(
  scope: OrganizationScope,
  userId: string,
  role: OrganizationRole,
): Promise<Member> {
  const member = await getMember(scope, userId)
  if (member.role === role) return member
  await scope.tx.update(memberships).set({ role }).where(isMember(scope, userId))
  recordSecurityEvent('member_role_changed', userId)
  return { ...member, role }
}

/**
 * Removes the caller, or with the permission `members.remove` any member. A trigger refuses to remove
 * the last org_admin.
 * @throws {Forbidden} when the caller lacks the permission
 * @throws {NotFound} when the user is no member
 */
export async function removeMember(scope: OrganizationScope, userId: string): Promise<void> {
  if (userId !== scope.userId) requirePermission(scope, 'members.remove')
  const removed = await scope.tx
    .delete(memberships)
    .where(isMember(scope, userId))
    .returning({ userId: memberships.userId })
  if (removed.length === 0) throw new NotFound()
  recordSecurityEvent('member_removed', userId)
}

/**
 * Ends all sessions of a member.
 * @throws {NotFound} when the user is no member
 * @throws {Forbidden} when the member is a super_admin and the caller is not
 */
export async function endMemberSessions(scope: OrganizationScope, userId: string): Promise<void> {
  const [account] = await scope.tx
    .select({ role: users.role })
    .from(memberships)
    .innerJoin(users, eq(users.id, memberships.userId))
    .where(isMember(scope, userId))
    .for('share', { of: users })
  if (!account) throw new NotFound()
  if (account.role === 'super_admin' && !scope.isSuperAdmin) throw new Forbidden()
  await endSessions(scope.tx, userId)
  recordSecurityEvent('sessions_ended', userId)
}

/**
 * Locks the organizations in which the user is an org_admin, in a fixed order, so that concurrent
 * removals of org_admins wait for each other.
 */
export async function lockAdministered({ tx }: PlatformScope, userId: string): Promise<void> {
  const administered = tx
    .select({ id: memberships.organizationId })
    .from(memberships)
    .where(and(eq(memberships.userId, userId), eq(memberships.role, 'org_admin')))
  await tx
    .select({ id: organizations.id })
    .from(organizations)
    .where(inArray(organizations.id, administered))
    .orderBy(organizations.id)
    .for('no key update')
}
