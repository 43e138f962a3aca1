import { type Column, type SQL, sql } from 'drizzle-orm'
import { type PgPolicy, pgPolicy } from 'drizzle-orm/pg-core'

/**
 * The setting that the policies read: `organization:<id>`, `user:<id>`, `platform` or
 * `deletion:<id>`. Local to a transaction, so that a
 * pooled connection never carries it on. Without it no row of a tenant table is there.
 */
export const SCOPE_SETTING = 'app.scope'

/** As a subquery it is worked out once a statement, and compared by what an index can do. */
const idOfScope = (kind: 'organization' | 'user' | 'deletion'): SQL =>
  sql.raw(`(select nullif(split_part(current_setting('${SCOPE_SETTING}', true), '${kind}:', 2), '')::uuid)`)

const isPlatform = sql.raw(`(select current_setting('${SCOPE_SETTING}', true) = 'platform')`)

/**
 * Row-level security of a tenant table: rows of the one organization that the transaction is about, or of all of them in one
 * that says `platform`. What is written has to belong there, too. List it among the table's indexes.
 */
export const tenantPolicies = (organizationId: Column): PgPolicy[] => [
  pgPolicy('organization_scope', { using: sql`${organizationId} = ${idOfScope('organization')}` }),
  pgPolicy('platform_scope', { using: isPlatform }),
]

/** A user's own rows, to read. */
export const ownRowsPolicy = (userId: Column): PgPolicy =>
  pgPolicy('user_scope', { for: 'select', using: sql`${userId} = ${idOfScope('user')}` })

/** What a user's own rows of another table point at, to read. */
export const ownedThroughPolicy = (id: Column, organizationIds: SQL): PgPolicy =>
  pgPolicy('user_scope', { for: 'select', using: sql`${id} in (${organizationIds} ${idOfScope('user')})` })

/** A row that is marked as deleted exists for its own deletion alone, whatever the other policies say. */
export const deletionPolicies = (id: Column, deletedAt: Column): PgPolicy[] => [
  pgPolicy('deletion_scope', { using: sql`${id} = ${idOfScope('deletion')}` }),
  pgPolicy('not_deleted', {
    as: 'restrictive',
    using: sql`${deletedAt} is null or ${id} = ${idOfScope('deletion')}`,
  }),
]
