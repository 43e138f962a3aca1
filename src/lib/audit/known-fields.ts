import { REDACTED } from './redact.js'

/** What is looked at of a JSON schema. */
export type FieldSchema = { properties?: Record<string, FieldSchema>; items?: FieldSchema } | undefined

/**
 * A copy in which the values of fields that the schema does not know are replaced. Such a request is refused, but kept as an
 * attempt: whoever mistypes a field's name may have put a password under it.
 */
export function maskUnknownFields(value: unknown, schema: FieldSchema): unknown {
  if (value === undefined || value === null) return value
  if (schema === undefined) return REDACTED
  const { properties, items } = schema
  if (Array.isArray(value)) return items ? value.map((item) => maskUnknownFields(item, items)) : value
  if (properties === undefined) return value
  if (typeof value !== 'object') return REDACTED
  const entries = Object.entries(value)
  return Object.fromEntries(
    entries.map(([name, field]) => [
      name,
      maskUnknownFields(field, Object.hasOwn(properties, name) ? properties[name] : undefined),
    ]),
  )
}

/** What is looked at of a failure of a JSON schema's validator. */
export type SchemaFailure = { instancePath: string; keyword: string }

/** What is wrong with an object as such; its fields may be right. */
const OF_THE_WHOLE = new Set([
  ...[
    'required',
    'additionalProperties',
    'minProperties',
    'maxProperties',
    'propertyNames',
    'dependentRequired',
  ],
  ...['oneOf', 'anyOf', 'allOf', 'not', 'if', 'minItems', 'maxItems', 'uniqueItems', 'contains'],
])

/**
 * A copy in which the values that the schema refuses are replaced: a password may have been typed into the field of the
 * address.
 */
export function maskRefusedValues(value: unknown, failures: readonly SchemaFailure[]): unknown {
  const refused = new Map<string, boolean>()
  for (const { instancePath, keyword } of failures)
    refused.set(instancePath, refused.get(instancePath) || !OF_THE_WHOLE.has(keyword))
  const visit = (node: unknown, path: string): unknown => {
    const isObject = typeof node === 'object' && node !== null
    if (refused.has(path) && (!isObject || refused.get(path))) return REDACTED
    if (!isObject) return node
    if (Array.isArray(node)) return node.map((item, i) => visit(item, `${path}/${i}`))
    const fields = Object.entries(node)
    return Object.fromEntries(
      fields.map(([name, field]) => [name, visit(field, `${path}/${pointerOf(name)}`)]),
    )
  }
  return failures.length === 0 ? value : visit(value, '')
}

/** RFC 6901. */
const pointerOf = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

/** The URL, without its query where that has parameters that nobody knows. */
export function maskUnknownQuery(url: string, query: object, schema: FieldSchema): string {
  const isKnown = Object.keys(query).every((name) => Object.hasOwn(schema?.properties ?? {}, name))
  return isKnown ? url : withoutQuery(url)
}

export const withoutQuery = (url: string): string => `${url.split('?', 1)[0]}?${REDACTED}`
