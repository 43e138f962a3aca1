import { and, eq, isNotNull, sql } from 'drizzle-orm'
import type { Static } from 'typebox'
import { recordOrganization, recordSecurityEvent } from '../../../lib/audit/context.js'
import type { OrganizationRole } from '../../../lib/auth/roles.js'
import { NotFound, SlugReserved, SlugTaken } from '../../../lib/errors/errors.js'
import type { CreateOrganization, UpdateOrganization } from '../../../lib/schema/organization-schemas.js'
import { isReservedSlug, normalizeSlug, slugCandidates } from '../../../lib/schema/slugs.js'
import type { Db, Tx } from '../../driver/client.js'
import { isUniqueViolation } from '../../driver/errors.js'
import type { StoredIn } from '../../schema/columns.js'
import { memberships } from '../../schema/memberships.js'
import { type Organization, organizations } from '../../schema/organizations.js'
import {
  inDeletionOf,
  narrowToDeletion,
  type OrganizationScope,
  withNewOrganization,
  withRowsOfDeleted,
} from '../../tenancy/scopes.js'
import { enqueue } from '../jobs/outbox.js'
import { deleteOwnedRows } from '../owned-rows.js'

/** `role` is the caller's. Null for a super_admin who is no member. */
export type SeenOrganization = Organization & { role: OrganizationRole | null }

type NewOrganization = StoredIn<typeof organizations, Static<typeof CreateOrganization>>

type OrganizationChanges = StoredIn<typeof organizations, Static<typeof UpdateOrganization>>

/**
 * Creates an organization with the user as its org_admin. Default for `slug`: derived from the name,
 * with a number if that is taken.
 * @throws {SlugTaken} when another organization has the given slug
 * @throws {SlugReserved} when the given slug is reserved
 */
export const createOrganization = (
  db: Db,
  userId: string,
  { slug, ...fields }: NewOrganization,
): Promise<SeenOrganization> =>
  withNewOrganization(db, userId, async (scope) => {
    const { tx, organizationId, role } = scope
    recordOrganization(organizationId)
    const slugs = slug === undefined ? slugCandidates(fields.name) : [allowedSlug(slug)]
    const created = await insertWithFreeSlug(tx, { ...fields, id: organizationId }, slugs)
    await tx.insert(memberships).values({ organizationId, userId, role: 'org_admin' })
    return { ...created, role }
  })

/**
 * Leaves the choice to the unique index, so that concurrent calls get different slugs.
 * @throws {SlugTaken} when none of the slugs is free
 */
async function insertWithFreeSlug(
  tx: Tx,
  organization: Omit<typeof organizations.$inferInsert, 'slug'>,
  slugs: Iterable<string>,
): Promise<Organization> {
  for (const slug of slugs) {
    const [created] = await tx
      .insert(organizations)
      .values({ ...organization, slug })
      .onConflictDoNothing({ target: organizations.slug, where: sql`deleted_at is null` })
      .returning()
    if (created) return created
  }
  throw new SlugTaken()
}

/** @throws {NotFound} when the organization was just deleted */
export async function getOrganization(scope: OrganizationScope): Promise<SeenOrganization> {
  const [organization] = await scope.tx
    .select()
    .from(organizations)
    .where(eq(organizations.id, scope.organizationId))
  if (!organization) throw new NotFound()
  return { ...organization, role: scope.role }
}

/**
 * @throws {SlugTaken} when another organization has the slug
 * @throws {SlugReserved} when the slug is reserved
 */
export async function updateOrganization(
  scope: OrganizationScope,
  { slug, ...others }: OrganizationChanges,
): Promise<SeenOrganization> {
  const changes = { ...others, ...(slug !== undefined && { slug: allowedSlug(slug) }) }
  if (Object.keys(changes).length === 0) return getOrganization(scope)
  const isOfScope = eq(organizations.id, scope.organizationId)
  const [organization] = await refusingTakenSlug(() =>
    scope.tx.update(organizations).set(changes).where(isOfScope).returning(),
  )
  return { ...(organization as Organization), role: scope.role }
}

/**
 * Marks the organization as deleted, which hides it at once. A job deletes its rows; the accounts of
 * its members stay. This waits for transactions that write in the organization, because they have
 * locked its row. Later ones do not find it.
 */
export async function deleteOrganization(scope: OrganizationScope): Promise<void> {
  const { tx, organizationId } = scope
  const isOfScope = eq(organizations.id, organizationId)
  await tx.select({ id: organizations.id }).from(organizations).where(isOfScope).for('update')
  await enqueue(tx, 'delete-organization', { organizationId })
  const deletion = await narrowToDeletion(scope)
  await deletion.tx.update(organizations).set({ deletedAt: sql`now()` }).where(isOfScope)
  recordSecurityEvent('organization_deleted')
}

/**
 * Deletes the rows of an organization that is marked as deleted, in batches (default: see
 * `deleteOwnedRows`), and then its own row. May stop anywhere and be called again.
 */
export async function deleteRowsOfOrganization(
  db: Db,
  organizationId: string,
  options?: { batch?: number },
): Promise<void> {
  const isDeleted = and(eq(organizations.id, organizationId), isNotNull(organizations.deletedAt))
  const found = await inDeletionOf(db, organizationId, ({ tx }) =>
    tx.select({ id: organizations.id }).from(organizations).where(isDeleted),
  )
  if (found.length === 0) return
  await deleteOwnedRows(
    (work) => withRowsOfDeleted(db, organizationId, ({ tx }) => work(tx)),
    organizations,
    organizationId,
    options,
  )
  await inDeletionOf(db, organizationId, ({ tx }) => tx.delete(organizations).where(isDeleted))
}

/** @throws {SlugReserved} when the slug is reserved */
function allowedSlug(slug: string): string {
  const normalized = normalizeSlug(slug)
  if (isReservedSlug(normalized)) throw new SlugReserved()
  return normalized
}

async function refusingTakenSlug<T>(write: () => PromiseLike<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (isUniqueViolation(error, 'organizations_slug_key')) throw new SlugTaken()
    throw error
  }
}
