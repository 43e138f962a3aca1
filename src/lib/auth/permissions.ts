import { Forbidden } from '../errors/errors.js'
import { ORGANIZATION_ROLES, type OrganizationRole } from './roles.js'

const everyMember = ORGANIZATION_ROLES
const admins = ['org_admin'] as const

/**
 * The roles that have each permission in an organization. A super_admin has all permissions in every
 * organization. To other non-members an organization does not exist. Routes declare `config: {
 * permission }`.
 */
export const PERMISSIONS = {
  'organizations.read': everyMember,
  'organizations.update': admins,
  'organizations.delete': admins,

  'members.read': everyMember,
  'members.leave': everyMember,
  'members.update': admins,
  'members.remove': admins,
  'members.end_sessions': admins,

  'invitations.read': admins,
  'invitations.create': admins,
  'invitations.delete': admins,

  'audit.read': admins,

  'projects.read': everyMember,
  'projects.create': everyMember,
  'projects.update': everyMember,
  'projects.delete': admins,
} as const satisfies Record<string, readonly OrganizationRole[]>

export type Permission = keyof typeof PERMISSIONS

/** A caller within an organization. */
export type OrganizationCaller = {
  /** The role of the membership; null for a super_admin who is not a member. */
  role: OrganizationRole | null
  isSuperAdmin: boolean
}

export const isAllowed = (permission: Permission, { role, isSuperAdmin }: OrganizationCaller): boolean =>
  isSuperAdmin || (role !== null && (PERMISSIONS[permission] as readonly OrganizationRole[]).includes(role))

/**
 * For permissions that depend on the content of the request, which a route cannot declare.
 * @throws {Forbidden} when the caller does not have the permission
 */
export function requirePermission(caller: OrganizationCaller, permission: Permission): void {
  if (!isAllowed(permission, caller)) throw new Forbidden()
}

/** Whether some members lack the permission, so that a route can respond with 403. */
export const isRestricted = (permission: Permission): boolean =>
  PERMISSIONS[permission].length < ORGANIZATION_ROLES.length

/** Permissions to read have names that end in `.read`. Their routes get a read-only transaction. */
export const isRead = (permission: Permission): boolean => permission.endsWith('.read')
