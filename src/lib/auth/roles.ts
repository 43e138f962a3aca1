/** Platform roles and account states, defined here once for database enums, API schemas and code. */
export const USER_ROLES = ['super_admin', 'user'] as const
export type UserRole = (typeof USER_ROLES)[number]

export const USER_STATUSES = ['active', 'pending', 'disabled'] as const
export type UserStatus = (typeof USER_STATUSES)[number]

/** The role of a member in one organization. */
export const ORGANIZATION_ROLES = ['org_admin', 'member'] as const
export type OrganizationRole = (typeof ORGANIZATION_ROLES)[number]

/** For people, who do not know the names of the API: "invited as an administrator". */
export const ROLE_PHRASES: Record<OrganizationRole, string> = {
  org_admin: 'an administrator',
  member: 'a member',
}
