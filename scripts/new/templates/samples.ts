/** What the tests of a resource know of its fields: see `test/helpers/field-values.ts`. */
import { type Field, isRequired } from '../field.js'
import { when } from './code.js'
import { exampleProperty } from './schemas.js'

/** The functions of `field-values.ts` that the fields need. */
export const valueImports = (fields: readonly Field[]): string[] =>
  fields.flatMap((field) => [
    /^\w+/.exec(field.kind.values(field))?.[0] ?? '',
    ...(field.isNullable ? ['orNull'] : []),
  ])

export function valuesProperty(field: Field): string {
  const values = field.kind.values(field)
  return `${field.name}: ${field.isNullable ? `orNull(${values})` : values}`
}

/** What a field is when clients do not send it. */
export const initialProperty = (field: Field): string =>
  `${field.name}: ${field.isNullable ? 'null' : field.kind.initial?.(field)}`

export function fieldConstants(fields: readonly Field[], one: string): string {
  const [first] = fields
  const optional = fields.filter((field) => !isRequired(field))
  return `const FIELDS = {
  ${fields.map((field) => `${valuesProperty(field)},`).join('\n')}
}
const minimal = { ${fields.filter(isRequired).map(exampleProperty).join(', ')} }
/** What ${one} made of \`minimal\` has. */
const initial = { ...minimal${when(optional.length > 0, `, ${optional.map(initialProperty).join(', ')}`)} }
const changes = { ${first && `${first.name}: ${first.kind.examples(first)[1]}`} }`
}
