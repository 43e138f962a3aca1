import { eq } from 'drizzle-orm'
import { noteEvent, noteOrganization } from '../../lib/context.js'
import { NotFound, SlugReserved, SlugTaken } from '../../lib/errors.js'
import type { OrganizationRole } from '../../lib/roles.js'
import { foldSlug, isReservedSlug, slugOf } from '../../lib/slugs.js'
import type { Db } from '../client.js'
import { isUniqueViolation } from '../errors.js'
import { memberships } from '../schema/memberships.js'
import { type Organization, organizations } from '../schema/organizations.js'
import { type OrganizationScope, withNewOrganization } from '../tenancy/scopes.js'

/** As somebody sees it: `role` is the caller's own. */
export type SeenOrganization = Organization & { role: OrganizationRole | null }

export type OrganizationChanges = { name?: string; slug?: string }

/** Whoever makes it is its org_admin. Throws SlugTaken and SlugReserved. */
export const createOrganization = (
  db: Db,
  userId: string,
  { name, slug = slugOf(name) }: { name: string; slug?: string },
): Promise<SeenOrganization> =>
  withNewOrganization(db, userId, async (scope) => {
    const { tx, organizationId, role } = scope
    noteOrganization(organizationId)
    const row = { id: organizationId, name, slug: allowedSlug(slug) }
    const [created] = await takingSlug(() => tx.insert(organizations).values(row).returning())
    await tx.insert(memberships).values({ organizationId, userId, role: 'org_admin' })
    return { ...(created as Organization), role }
  })

/** Throws NotFound where it was deleted a moment ago. */
export async function getOrganization(scope: OrganizationScope): Promise<SeenOrganization> {
  const [organization] = await scope.tx
    .select()
    .from(organizations)
    .where(eq(organizations.id, scope.organizationId))
  if (!organization) throw new NotFound()
  return { ...organization, role: scope.role }
}

/** Throws SlugTaken and SlugReserved. */
export async function updateOrganization(
  scope: OrganizationScope,
  { slug, ...others }: OrganizationChanges,
): Promise<SeenOrganization> {
  const changes = { ...others, ...(slug !== undefined && { slug: allowedSlug(slug) }) }
  if (Object.keys(changes).length === 0) return getOrganization(scope)
  const ofScope = eq(organizations.id, scope.organizationId)
  const [organization] = await takingSlug(() =>
    scope.tx.update(organizations).set(changes).where(ofScope).returning(),
  )
  return { ...(organization as Organization), role: scope.role }
}

/**
 * With everything that belongs to it; its members' accounts stay. Whoever still writes in it has locked its row: they end first,
 * and who comes later finds no organization.
 */
export async function deleteOrganization({ tx, organizationId }: OrganizationScope): Promise<void> {
  await tx.delete(organizations).where(eq(organizations.id, organizationId))
  noteEvent('organization_deleted')
}

function allowedSlug(slug: string): string {
  const folded = foldSlug(slug)
  if (isReservedSlug(folded)) throw new SlugReserved()
  return folded
}

async function takingSlug<T>(write: () => PromiseLike<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (isUniqueViolation(error, 'organizations_slug_key')) throw new SlugTaken()
    throw error
  }
}
