import { and, eq, type SQL } from 'drizzle-orm'
import { NotFound } from '../../lib/errors/errors.js'
import type { Page, PageQuery, SortOf } from '../../lib/schema/pagination.js'
import { type Project, projects } from '../schema/projects.js'
import type { OrganizationScope } from '../tenancy/scopes.js'
import { contains, equals } from './filters.js'
import { keysetPage } from './page.js'

export const PROJECT_SORT_FIELDS = ['name', 'createdAt', 'updatedAt'] as const
type SortField = (typeof PROJECT_SORT_FIELDS)[number]

export type ProjectFilters = PageQuery<SortOf<SortField>> & { q?: string; status?: Project['status'] }

export type NewProject = Omit<
  typeof projects.$inferInsert,
  'id' | 'organizationId' | 'createdBy' | 'createdAt' | 'updatedAt'
>

export async function listProjects(
  { tx, organizationId }: OrganizationScope,
  filters: ProjectFilters,
): Promise<Page<Project>> {
  const page = keysetPage<Project, SortField>(projects, projects.id, filters)
  const rows = await tx
    .select()
    .from(projects)
    .where(
      and(
        eq(projects.organizationId, organizationId),
        equals(projects.status, filters.status),
        contains([projects.name, projects.description], filters.q),
        page.after,
      ),
    )
    .orderBy(...page.orderBy)
    .limit(page.limit)
  return page.toPage(rows)
}

export async function createProject(scope: OrganizationScope, project: NewProject): Promise<Project> {
  const { tx, organizationId, userId } = scope
  const row = { ...project, organizationId, createdBy: userId }
  const [created] = await tx.insert(projects).values(row).returning()
  return created as Project
}

/** @throws {NotFound} when there is no such project in the organization of the scope */
export async function getProject(scope: OrganizationScope, id: string): Promise<Project> {
  const [project] = await scope.tx.select().from(projects).where(hasId(scope, id))
  if (!project) throw new NotFound()
  return project
}

/** @throws {NotFound} when there is no such project in the organization of the scope */
export async function updateProject(
  scope: OrganizationScope,
  id: string,
  changes: Partial<NewProject>,
): Promise<Project> {
  if (Object.keys(changes).length === 0) return getProject(scope, id)
  const [project] = await scope.tx.update(projects).set(changes).where(hasId(scope, id)).returning()
  if (!project) throw new NotFound()
  return project
}

/** @throws {NotFound} when there is no such project in the organization of the scope */
export async function deleteProject(scope: OrganizationScope, id: string): Promise<void> {
  const deleted = await scope.tx.delete(projects).where(hasId(scope, id)).returning({ id: projects.id })
  if (deleted.length === 0) throw new NotFound()
}

const hasId = ({ organizationId }: OrganizationScope, id: string): SQL | undefined =>
  and(eq(projects.organizationId, organizationId), eq(projects.id, id))
