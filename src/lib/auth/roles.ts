/** Platform roles and account states: the database enums, the wire schemas and the code all read them here. */
export const USER_ROLES = ['super_admin', 'user'] as const
export type UserRole = (typeof USER_ROLES)[number]

export const USER_STATUSES = ['active', 'pending', 'disabled'] as const
export type UserStatus = (typeof USER_STATUSES)[number]

/** What a member is in one organization. */
export const ORGANIZATION_ROLES = ['org_admin', 'member'] as const
export type OrganizationRole = (typeof ORGANIZATION_ROLES)[number]
