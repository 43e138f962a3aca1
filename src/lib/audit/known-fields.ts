import { REDACTED } from './redact.js'

/** The parts of a JSON schema that are used here. */
export type FieldSchema = { properties?: Record<string, FieldSchema>; items?: FieldSchema } | undefined

/**
 * Returns a copy with the values of unknown fields redacted. Such a request is refused, but recorded as an
 * attempt, and a field with a mistyped name may hold a password.
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

/** The parts of an Ajv error that are used here. */
export type SchemaFailure = { instancePath: string; keyword: string }

/** Keywords that concern an object or array as a whole: its own fields and items may be valid. */
const WHOLE_VALUE_KEYWORDS = new Set([
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
 * Returns a copy with the values that the schema refuses redacted: a user may have typed the password
 * into the field of the address.
 */
export function maskRefusedValues(value: unknown, failures: readonly SchemaFailure[]): unknown {
  const refused = new Map<string, boolean>()
  for (const { instancePath, keyword } of failures)
    refused.set(instancePath, refused.get(instancePath) || !WHOLE_VALUE_KEYWORDS.has(keyword))
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

/** Escapes a name for a JSON Pointer (RFC 6901). */
const pointerOf = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

/** Redacts the whole query of the URL when it has parameters that the schema does not know. */
export function maskUnknownQuery(url: string, query: object, schema: FieldSchema): string {
  const isKnown = Object.keys(query).every((name) => Object.hasOwn(schema?.properties ?? {}, name))
  return isKnown ? url : withoutQuery(url)
}

/** Replaces the query of a URL with `[redacted]`. */
export const withoutQuery = (url: string): string => `${url.split('?', 1)[0]}?${REDACTED}`
