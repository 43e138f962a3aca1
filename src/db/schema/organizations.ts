import { sql } from 'drizzle-orm'
import { index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { audited } from '../declarations/audited.js'
import { deletionPolicies, ownedThroughPolicy, tenantPolicies } from '../declarations/tenant-policies.js'
import { createdAt, id, moment, updatedAt } from './columns.js'

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
    /** Since then it is gone for every scope but that of its deletion: a job deletes what it had, and then the row. */
    deletedAt: moment('deleted_at'),
  },
  (table) => [
    // Free again at once when its organization is deleted.
    uniqueIndex('organizations_slug_key').on(table.slug).where(sql`deleted_at is null`),
    index('organizations_created_at_idx').on(table.createdAt, table.id),
    ...tenantPolicies(table.id),
    ownedThroughPolicy(table.id, sql`select organization_id from memberships where user_id =`),
    ...deletionPolicies(table.id, table.deletedAt),
  ],
)

audited(organizations, { organization: 'id', ignore: ['adminLosses'] })

export type Organization = typeof organizations.$inferSelect
