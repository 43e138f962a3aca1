import type { Field } from './field.js'
import type { Names } from './names.js'

/** What `npm run new` makes. */
export type Resource = {
  names: Names
  /** To whom its rows belong. A `user` reaches them below `/me`, members below `/organizations/{id}`. */
  owner: 'organization' | 'user'
  /** Whether anyone reads it, without signing in. */
  isPublicRead: boolean
  fields: readonly Field[]
}

/** Whether rows say who created them. Those of a user need not, and the public does not learn it. */
export const hasCreator = ({ owner, isPublicRead }: Resource): boolean =>
  owner === 'organization' && !isPublicRead

/** The path of its collection, as routes declare it. */
export const pathOf = ({ owner, names }: Resource): string =>
  owner === 'user' ? `/me/${names.kebab}` : `/organizations/:organizationId/${names.kebab}`

export const sortedFields = (fields: readonly Field[]): Field[] =>
  fields.filter(({ kind, isNullable }) => kind.inLists.isSorted && !isNullable)

export const filteredFields = (fields: readonly Field[]): Field[] =>
  fields.filter(({ kind }) => kind.inLists.isFiltered)

export const searchedFields = (fields: readonly Field[]): Field[] =>
  fields.filter(({ kind }) => kind.inLists.isSearched)

/** Its files, without those that are edited. */
export const filesOf = ({ kebab }: Names) => ({
  table: `src/db/schema/${kebab}.ts`,
  queries: `src/db/queries/${kebab}.ts`,
  routes: `src/routes/${kebab}/index.ts`,
  schemas: `src/routes/${kebab}/schemas.ts`,
  test: `test/routes/${kebab}.test.ts`,
})
