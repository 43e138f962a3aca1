import { sql } from 'drizzle-orm'
import { index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { audited } from '../audit/policy.js'
import { ownedThroughPolicy, tenantPolicies } from '../tenancy/policies.js'
import { createdAt, id, updatedAt } from './columns.js'

export const organizations = pgTable(
  'organizations',
  {
    id: id(),
    name: text('name').notNull(),
    /** Always folded (`lib/slugs.ts`): the unique index compares it as it stands. */
    slug: text('slug').notNull(),
    /**
     * Counts how often somebody ceased to be an org_admin. A trigger raises it before it looks who is left, so that two at once
     * take turns at every isolation level.
     */
    adminLosses: integer('admin_losses').notNull().default(0),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    uniqueIndex('organizations_slug_key').on(table.slug),
    index('organizations_created_at_idx').on(table.createdAt, table.id),
    ...tenantPolicies(table.id),
    ownedThroughPolicy(table.id, sql`select organization_id from memberships where user_id =`),
  ],
)

audited(organizations, { organization: 'id', ignore: ['adminLosses'] })

export type Organization = typeof organizations.$inferSelect
