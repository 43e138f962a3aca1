import { eq } from 'drizzle-orm'
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

export type NewOrganization = { name: string; slug?: string }

/** Whoever makes it is its org_admin. Throws SlugTaken and SlugReserved. */
export const createOrganization = (
  db: Db,
  userId: string,
  { name, slug = slugOf(name) }: NewOrganization,
): Promise<SeenOrganization> =>
  withNewOrganization(db, userId, async (scope) => {
    const { tx, organizationId, role } = scope
    const row = { id: organizationId, name, slug: allowedSlug(slug) }
    const [created] = await takingSlug(() => tx.insert(organizations).values(row).returning())
    await tx.insert(memberships).values({ organizationId, userId, role: 'org_admin' })
    return { ...(created as Organization), role }
  })

export async function getOrganization({
  tx,
  organizationId,
  role,
}: OrganizationScope): Promise<SeenOrganization> {
  const [organization] = await tx.select().from(organizations).where(eq(organizations.id, organizationId))
  if (!organization) throw new NotFound()
  return { ...organization, role }
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
