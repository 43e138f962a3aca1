import { type Column, type SQL, sql } from 'drizzle-orm'
import { type PgPolicy, pgPolicy } from 'drizzle-orm/pg-core'

/**
 * The setting that the policies read: `organization:<id>`, `user:<id>` or `platform`. Local to a transaction, so that a
 * pooled connection never carries it on. Without it no row of a tenant table is there.
 */
export const SCOPE_SETTING = 'app.scope'

/** As a subquery it is worked out once a statement, and compared by what an index can do. */
const idOfScope = (kind: 'organization' | 'user'): SQL =>
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
