import { Forbidden } from '../errors/errors.js'
import { ORGANIZATION_ROLES, type OrganizationRole } from './roles.js'

const everyMember = ORGANIZATION_ROLES
const admins = ['org_admin'] as const

/**
 * Who may do what in an organization, by the role of the membership. A super_admin may do everything in every organization;
 * to anybody else it does not exist. Routes name what they do as `config: { permission }`.
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

  'projects.read': everyMember,
  'projects.create': everyMember,
  'projects.update': everyMember,
  'projects.delete': admins,

  'audit.read': admins,
} as const satisfies Record<string, readonly OrganizationRole[]>

export type Permission = keyof typeof PERMISSIONS

/** Whoever acts in an organization. */
export type OrganizationCaller = {
  /** Of the membership; null for a super_admin without one. */
  role: OrganizationRole | null
  isSuperAdmin: boolean
}

export const isAllowed = (permission: Permission, { role, isSuperAdmin }: OrganizationCaller): boolean =>
  isSuperAdmin || (role !== null && (PERMISSIONS[permission] as readonly OrganizationRole[]).includes(role))

/** For what a route cannot know before it has read the request. Throws Forbidden. */
export function requirePermission(caller: OrganizationCaller, permission: Permission): void {
  if (!isAllowed(permission, caller)) throw new Forbidden()
}

/** True where some member may not: the answer 403 is possible. */
export const isRestricted = (permission: Permission): boolean =>
  PERMISSIONS[permission].length < ORGANIZATION_ROLES.length

/** Whatever only reads says so by its name, and gets a transaction that cannot write. */
export const isRead = (permission: Permission): boolean => permission.endsWith('.read')
