import { sql } from 'drizzle-orm'
import { index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { audited } from '../declarations/audited.js'
import { deletionPolicies, ownedThroughPolicy, tenantPolicies } from '../declarations/tenant-policies.js'
import { createdAt, id, moment, updatedAt } from './columns.js'

/** The tenants. Rows of tenant tables belong to one of them. */
export const organizations = pgTable(
  'organizations',
  {
    id: id(),
    name: text('name').notNull(),
    /** Always folded (`lib/slugs.ts`), because the unique index compares it as stored. */
    slug: text('slug').notNull(),
    /**
     * Counts how often a member lost the role org_admin. A trigger increments it before it counts the
     * remaining org_admins, which serializes two such changes at every isolation level.
     */
    adminLosses: integer('admin_losses').notNull().default(0),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    /**
     * From then on the row is visible only to the scope of its deletion. A job deletes the rows of the
     * organization, and then this one.
     */
    deletedAt: moment('deleted_at'),
  },
  (table) => [
    // A slug is free again as soon as its organization is marked as deleted.
    uniqueIndex('organizations_slug_key').on(table.slug).where(sql`deleted_at is null`),
    index('organizations_created_at_idx').on(table.createdAt, table.id),
    ...tenantPolicies(table.id),
    ownedThroughPolicy(table.id, sql`select organization_id from memberships where user_id =`),
    ...deletionPolicies(table.id, table.deletedAt),
  ],
)

audited(organizations, { organization: 'id', ignore: ['adminLosses'] })

export type Organization = typeof organizations.$inferSelect
