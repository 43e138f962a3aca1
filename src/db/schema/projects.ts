import { index, pgEnum, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { audited } from '../declarations/audited.js'
import { tenantPolicies } from '../declarations/tenant-policies.js'
import { createdAt, id, updatedAt } from './columns.js'
import { organizations } from './organizations.js'
import { users } from './users.js'

export const projectStatus = pgEnum('project_status', ['active', 'archived'])

export const projects = pgTable(
  'projects',
  {
    id: id(),
    organizationId: uuid('organization_id')
      .notNull()
      .references(() => organizations.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    description: text('description'),
    status: projectStatus('status').notNull().default('active'),
    /** Null after that account was deleted. */
    createdBy: uuid('created_by').references(() => users.id, { onDelete: 'set null' }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    index('projects_organization_id_idx').on(table.organizationId, table.createdAt, table.id),
    index('projects_created_by_idx').on(table.createdBy),
    ...tenantPolicies(table.organizationId),
  ],
)

audited(projects, { organization: 'organizationId' })

export type Project = typeof projects.$inferSelect
