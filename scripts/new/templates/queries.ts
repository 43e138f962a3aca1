import { literal } from '../kinds/code.js'
import { filteredFields, hasCreator, type Resource, searchedFields, sortedFields } from '../resource.js'
import { imports, lines, when } from './code.js'
import { filterCondition, filterImports, filterType, SEARCH_TYPE, searchCondition } from './list.js'

/** How the queries of each owner name the rows that they may reach. */
const OWNERS = {
  organization: {
    parameter: 'scope: OrganizationScope',
    listParameter: '{ tx, organizationId }: OrganizationScope',
    argument: 'scope',
    key: 'scope',
    keyParameter: '{ organizationId }: OrganizationScope',
    db: 'scope.tx',
    listDb: 'tx',
    ownerId: 'organizationId',
    import: imports('../tenancy/scopes.js', ['type OrganizationScope']),
    place: 'in the organization of the scope',
  },
  user: {
    parameter: 'db: Db, userId: string',
    listParameter: 'db: Db, userId: string',
    argument: 'db, userId',
    key: 'userId',
    keyParameter: 'userId: string',
    db: 'db',
    listDb: 'db',
    ownerId: 'userId',
    import: imports('../driver/client.js', ['type Db']),
    place: 'of this user',
  },
} as const

/** `src/db/queries/notes.ts` */
export function queriesFile(resource: Resource): string {
  const { names, fields, owner } = resource
  const { plural, singular, Plural, Singular, constant, noun } = names
  const of = OWNERS[owner]
  const { ownerId } = of
  const throwsNotFound = `/** @throws {NotFound} when there is no such ${noun} ${of.place} */`
  const sorts = [...sortedFields(fields).map(({ name }) => name), 'createdAt', 'updatedAt']
  const searched = searchedFields(fields)
  const given = ['id', ownerId, ...(hasCreator(resource) ? ['createdBy'] : []), 'createdAt', 'updatedAt']
  return `import { and, eq, type SQL } from 'drizzle-orm'
import { NotFound } from '../../lib/errors/errors.js'
import type { Page, PageQuery, SortOf } from '../../lib/schema/pagination.js'
import { type ${Singular}, ${plural} } from '../schema/${names.kebab}.js'
${of.import}${imports('./filters.js', filterImports(fields))}import { keysetPage } from './page.js'

export const ${constant}_SORT_FIELDS = [${sorts.map(literal).join(', ')}] as const
type SortField = (typeof ${constant}_SORT_FIELDS)[number]

export type ${Singular}Filters = PageQuery<SortOf<SortField>>${filterTypes(resource)}

export type New${Singular} = Omit<typeof ${plural}.$inferInsert, ${given.map(literal).join(' | ')}>

export async function list${Plural}(${of.listParameter}, filters: ${Singular}Filters): Promise<Page<${Singular}>> {
  const page = keysetPage<${Singular}, SortField>(${plural}, ${plural}.id, filters)
  const rows = await ${of.listDb}
    .select()
    .from(${plural})
    .where(
      and(
        eq(${plural}.${ownerId}, ${ownerId}),
        ${lines(
          ...filteredFields(fields).map((field) => `${filterCondition(field, names)},`),
          when(searched.length > 0, `${searchCondition(searched, names)},`),
          'page.after,',
        )}
      ),
    )
    .orderBy(...page.orderBy)
    .limit(page.limit)
  return page.toPage(rows)
}

export async function create${Singular}(${of.parameter}, ${singular}: New${Singular}): Promise<${Singular}> {
  ${creation(resource)}
  return created as ${Singular}
}

${throwsNotFound}
export async function get${Singular}(${of.parameter}, id: string): Promise<${Singular}> {
  const [${singular}] = await ${of.db}.select().from(${plural}).where(hasId(${of.key}, id))
  if (!${singular}) throw new NotFound()
  return ${singular}
}

${throwsNotFound}
export async function update${Singular}(
  ${of.parameter},
  id: string,
  changes: Partial<New${Singular}>,
): Promise<${Singular}> {
  if (Object.keys(changes).length === 0) return get${Singular}(${of.argument}, id)
  const [${singular}] = await ${of.db}.update(${plural}).set(changes).where(hasId(${of.key}, id)).returning()
  if (!${singular}) throw new NotFound()
  return ${singular}
}

${throwsNotFound}
export async function delete${Singular}(${of.parameter}, id: string): Promise<void> {
  const deleted = await ${of.db}.delete(${plural}).where(hasId(${of.key}, id)).returning({ id: ${plural}.id })
  if (deleted.length === 0) throw new NotFound()
}

const hasId = (${of.keyParameter}, id: string): SQL | undefined =>
  and(eq(${plural}.${ownerId}, ${ownerId}), eq(${plural}.id, id))
`
}

function creation(resource: Resource): string {
  const { plural, singular } = resource.names
  if (resource.owner === 'user')
    return `const [created] = await db.insert(${plural}).values({ ...${singular}, userId }).returning()`
  const creator = hasCreator(resource)
    ? { id: ', userId', column: ', createdBy: userId' }
    : { id: '', column: '' }
  return `const { tx, organizationId${creator.id} } = scope
  const row = { ...${singular}, organizationId${creator.column} }
  const [created] = await tx.insert(${plural}).values(row).returning()`
}

function filterTypes({ fields, names }: Resource): string {
  const types = [
    ...(searchedFields(fields).length > 0 ? [SEARCH_TYPE] : []),
    ...filteredFields(fields).map((field) => filterType(field, names)),
  ]
  return when(types.length > 0, ` & { ${types.join('; ')} }`)
}
