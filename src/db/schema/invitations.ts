import { index, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { audited } from '../declarations/audited.js'
import { tenantPolicies } from '../declarations/tenant-policies.js'
import { bytea, createdAt, id, moment } from './columns.js'
import { organizationRole } from './memberships.js'
import { organizations } from './organizations.js'
import { users } from './users.js'

/**
 * Invitations to organizations. The token is not stored: it is derived from the row when the mail is
 * written, and looked up by its hash when it is used. A new invitation of the same address replaces
 * the row, which voids the older token.
 */
export const invitations = pgTable(
  'invitations',
  {
    id: id(),
    organizationId: uuid('organization_id')
      .notNull()
      .references(() => organizations.id, { onDelete: 'cascade' }),
    /** Always normalised (`lib/email.ts`). */
    email: text('email').notNull(),
    role: organizationRole('role').notNull(),
    /** Null after that account was deleted. */
    invitedBy: uuid('invited_by').references(() => users.id, { onDelete: 'set null' }),
    tokenHash: bytea('token_hash').notNull(),
    /** The signing key that the token was derived with, so that it stays valid after a key rotation. */
    keyId: text('key_id').notNull(),
    createdAt: createdAt(),
    expiresAt: moment('expires_at').notNull(),
  },
  (table) => [
    uniqueIndex('invitations_organization_id_email_key').on(table.organizationId, table.email),
    uniqueIndex('invitations_token_hash_key').on(table.tokenHash),
    index('invitations_invited_by_idx').on(table.invitedBy),
    ...tenantPolicies(table.organizationId),
  ],
)

audited(invitations, { organization: 'organizationId', personal: ['email'], subjectEmail: 'email' })

export type Invitation = typeof invitations.$inferSelect
