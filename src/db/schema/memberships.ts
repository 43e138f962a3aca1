import { index, pgEnum, pgTable, primaryKey, uuid } from 'drizzle-orm/pg-core'
import { ORGANIZATION_ROLES } from '../../lib/auth/roles.js'
import { audited } from '../declarations/audited.js'
import { ownRowsPolicy, tenantPolicies } from '../declarations/tenant-policies.js'
import { createdAt, updatedAt } from './columns.js'
import { organizations } from './organizations.js'
import { users } from './users.js'

export const organizationRole = pgEnum('organization_role', ORGANIZATION_ROLES)

/** The roles of users in organizations. A trigger refuses to remove the last org_admin. */
export const memberships = pgTable(
  'memberships',
  {
    organizationId: uuid('organization_id')
      .notNull()
      .references(() => organizations.id, { onDelete: 'cascade' }),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    role: organizationRole('role').notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.userId] }),
    index('memberships_user_id_idx').on(table.userId),
    ...tenantPolicies(table.organizationId),
    ownRowsPolicy(table.userId),
  ],
)

audited(memberships, { organization: 'organizationId', subject: 'userId' })

export type Membership = typeof memberships.$inferSelect
