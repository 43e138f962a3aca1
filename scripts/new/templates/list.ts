/** What a list of a resource does with its fields. */
import type { Field } from '../field.js'
import type { Names } from '../names.js'
import { filteredFields, searchedFields } from '../resource.js'

/** What the conditions of these fields import from `src/db/queries/filters.ts`. */
export const filterImports = (fields: readonly Field[]): string[] => [
  ...(filteredFields(fields).length > 0 ? ['equals'] : []),
  ...(searchedFields(fields).length > 0 ? ['contains'] : []),
]

export const filterCondition = ({ name }: Field, { plural }: Names): string =>
  `equals(${plural}.${name}, filters.${name})`

export const searchCondition = (fields: readonly Field[], { plural }: Names): string =>
  `contains([${fields.map(({ name }) => `${plural}.${name}`).join(', ')}], filters.q)`

export const SEARCH_TYPE = 'q?: string'

export const filterType = ({ name, isNullable }: Field, { Singular }: Names): string =>
  `${name}?: ${isNullable ? `NonNullable<${Singular}['${name}']>` : `${Singular}['${name}']`}`

export const searchParameter = (fields: readonly Pick<Field, 'snake'>[]): string =>
  `q: Type.Optional(SearchText('${searchDescription(fields)}'))`

/** Part of the name, the title or the description. */
export function searchDescription(fields: readonly Pick<Field, 'snake'>[]): string {
  const nouns = fields.map(({ snake }) => `the ${snake.replaceAll('_', ' ')}`)
  const [last = ''] = nouns.splice(-1)
  return `Part of ${nouns.length > 0 ? `${nouns.join(', ')} or ` : ''}${last}.`
}

/** A filter takes no null: `null` in a URL is a text. */
export function filterParameter(field: Field, names: Names): string {
  const schema = field.isNullable ? field.kind.schema(field, names) : field.name
  return `${field.name}: Type.Optional(${schema})`
}
