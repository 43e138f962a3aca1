import { and, eq, getTableColumns, isNull } from 'drizzle-orm'
import type { Page, PageQuery, SortOf } from '../../../lib/schema/pagination.js'
import type { Db } from '../../driver/client.js'
import { memberships } from '../../schema/memberships.js'
import { organizations } from '../../schema/organizations.js'
import type { Caller } from '../../tenancy/enter.js'
import {
  acrossOrganizations,
  type PlatformScope,
  type UserScope,
  withOwnOrganizations,
} from '../../tenancy/scopes.js'
import { contains } from '../filters.js'
import { keysetPage } from '../page.js'
import type { SeenOrganization } from './organizations.js'

export const ORGANIZATION_SORT_FIELDS = ['name', 'slug', 'createdAt', 'updatedAt'] as const
type SortField = (typeof ORGANIZATION_SORT_FIELDS)[number]

/** `q` searches name and slug for a text, ignoring case. */
export type OrganizationFilters = PageQuery<SortOf<SortField>> & { q?: string }

const columns = getTableColumns(organizations)
const columnsWithRole = { ...columns, role: memberships.role }

/** The organizations of the caller. For a super_admin, all organizations. */
export const listOrganizations = (
  db: Db,
  { userId, role }: Caller,
  filters: OrganizationFilters,
): Promise<Page<SeenOrganization>> =>
  role === 'super_admin'
    ? acrossOrganizations(db, (scope) => listAll(scope, userId, filters))
    : withOwnOrganizations(db, userId, (scope) => listOwn(scope, filters))

async function listOwn(
  { tx, userId }: UserScope,
  filters: OrganizationFilters,
): Promise<Page<SeenOrganization>> {
  const page = pageOfOrganizations(filters)
  const rows = await tx
    .select(columnsWithRole)
    .from(memberships)
    .innerJoin(organizations, eq(organizations.id, memberships.organizationId))
    .where(and(eq(memberships.userId, userId), page.condition))
    .orderBy(...page.orderBy)
    .limit(page.limit)
  return page.toPage(rows)
}

/** All organizations, with the caller's role in each, or null. */
async function listAll(
  { tx }: PlatformScope,
  userId: string,
  filters: OrganizationFilters,
): Promise<Page<SeenOrganization>> {
  const page = pageOfOrganizations(filters)
  const isOwn = and(eq(memberships.organizationId, organizations.id), eq(memberships.userId, userId))
  const rows = await tx
    .select(columnsWithRole)
    .from(organizations)
    .leftJoin(memberships, isOwn)
    .where(page.condition)
    .orderBy(...page.orderBy)
    .limit(page.limit)
  return page.toPage(rows)
}

function pageOfOrganizations(filters: OrganizationFilters) {
  const page = keysetPage<SeenOrganization, SortField>(columns, organizations.id, filters)
  return {
    ...page,
    condition: and(isNotDeleted, contains([organizations.name, organizations.slug], filters.q), page.after),
  }
}

const isNotDeleted = isNull(organizations.deletedAt)
