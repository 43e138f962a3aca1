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

/** The URL, without its query where that has parameters that nobody knows. */
export function maskUnknownQuery(url: string, query: object, schema: FieldSchema): string {
  const isKnown = Object.keys(query).every((name) => Object.hasOwn(schema?.properties ?? {}, name))
  return isKnown ? url : `${url.split('?', 1)[0]}?${REDACTED}`
}
