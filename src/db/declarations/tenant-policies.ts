import { type Column, type SQL, sql } from 'drizzle-orm'
import { type PgPolicy, pgPolicy } from 'drizzle-orm/pg-core'

/**
 * The setting that the policies read: `organization:<id>`, `user:<id>`, `platform` or
 * `deletion:<id>`. It is local to the transaction, so a pooled connection never leaks it. Without it
 * no row of a tenant table is visible.
 */
export const SCOPE_SETTING = 'app.scope'

/** A subquery, so that PostgreSQL evaluates it once per statement and can use an index. */
const idOfScope = (kind: 'organization' | 'user' | 'deletion'): SQL =>
  sql.raw(`(select nullif(split_part(current_setting('${SCOPE_SETTING}', true), '${kind}:', 2), '')::uuid)`)

const isPlatform = sql.raw(`(select current_setting('${SCOPE_SETTING}', true) = 'platform')`)

/**
 * Row-level security of a tenant table: a transaction sees and writes the rows of its scope's
 * organization, or of all organizations in the scope `platform`. List it among the table's indexes.
 */
export const tenantPolicies = (organizationId: Column): PgPolicy[] => [
  pgPolicy('organization_scope', { using: sql`${organizationId} = ${idOfScope('organization')}` }),
  pgPolicy('platform_scope', { using: isPlatform }),
]

/** Lets the scope of a user read that user's rows. */
export const ownRowsPolicy = (userId: Column): PgPolicy =>
  pgPolicy('user_scope', { for: 'select', using: sql`${userId} = ${idOfScope('user')}` })

/** Lets the scope of a user read the rows that the user's rows in another table reference. */
export const ownedThroughPolicy = (id: Column, organizationIds: SQL): PgPolicy =>
  pgPolicy('user_scope', { for: 'select', using: sql`${id} in (${organizationIds} ${idOfScope('user')})` })

/** Hides rows that are marked as deleted from every scope except that of their deletion. */
export const deletionPolicies = (id: Column, deletedAt: Column): PgPolicy[] => [
  pgPolicy('deletion_scope', { using: sql`${id} = ${idOfScope('deletion')}` }),
  pgPolicy('not_deleted', {
    as: 'restrictive',
    using: sql`${deletedAt} is null or ${id} = ${idOfScope('deletion')}`,
  }),
]
