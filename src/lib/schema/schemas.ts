import type { Static, TOptional, TProperties, TSchema } from 'typebox'
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../auth/passwords.js'
import { EMAIL_MAX_LENGTH } from './email.js'
import Type from './type.js'

/** For bodies and queries: unknown fields are refused, never dropped. */
export const StrictObject = <T extends TProperties>(properties: T, options: Record<string, unknown> = {}) =>
  Type.Object(properties, { ...options, additionalProperties: false })

/** The query of a page that mails link to. Ignores the parameters that mail services and trackers add. */
export const LinkedPageQuery = <T extends TProperties>(properties: T) => Type.Object(properties)

/** Uses `enum` instead of a union of constants: Ajv, the serializer and OpenAPI all handle it well. */
export const StringEnum = <const T extends readonly string[]>(
  values: T,
  options: Record<string, unknown> = {},
) => Type.Unsafe<T[number]>({ ...options, type: 'string', enum: [...values] })

export const Nullable = <T extends TSchema>(schema: T) => {
  const { type, enum: values } = schema as { type?: string; enum?: unknown[] }
  return Type.Unsafe<Static<T> | null>({
    ...schema,
    type: [type, 'null'],
    ...(values && { enum: [...values, null] }),
  })
}

type Creating<T extends TProperties, D extends keyof T> = {
  [K in keyof T]: K extends D ? TOptional<T[K]> : null extends Static<T[K]> ? TOptional<T[K]> : T[K]
}

/**
 * The fields of a body that creates something. Optional are nullable fields and those that `withDefault`
 * names (default: none), because their column has a default or the server derives them.
 */
export const creating = <T extends TProperties, D extends keyof T & string = never>(
  fields: T,
  withDefault: readonly D[] = [],
): Creating<T, D> => {
  const isNullable = (schema: TSchema & { type?: unknown }) =>
    Array.isArray(schema.type) && schema.type.includes('null')
  const isOptional = (name: string, schema: TSchema) =>
    isNullable(schema) || (withDefault as readonly string[]).includes(name)
  const entries = Object.entries(fields).map(([name, schema]) => [
    name,
    isOptional(name, schema) ? Type.Optional(schema) : schema,
  ])
  return Object.fromEntries(entries) as Creating<T, D>
}

type Changing<T extends TProperties> = { [K in keyof T]: TOptional<T[K]> }

/** The fields of a body that changes something: all are optional. */
export const changing = <T extends TProperties>(fields: T): Changing<T> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, schema]) => [name, Type.Optional(schema)]),
  ) as Changing<T>

/** Optional for clients, but always present in handlers: Ajv fills in the default. */
export const WithDefault = <T extends TSchema>(schema: T): T => Type.Optional(schema) as unknown as T

/** A `Date` in the code, in requests and responses; in JSON, ISO 8601, and in responses UTC with milliseconds. */
export const Timestamp = Type.Unsafe<Date>({ type: 'string', format: 'date-time' })

/** A whole number that an `integer` column can hold. */
export const Integer32 = Type.Integer({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 })

/** A whole number that JSON carries exactly, for a `bigint` column. */
export const SafeInteger = Type.Integer({
  minimum: Number.MIN_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
})

/** As text, because a JSON number does not have every digit. With the digits of a `numeric` column. */
export const Decimal = (precision: number, scale: number) => {
  const example = scale === 0 ? '12' : `12.${'50'.padEnd(scale, '0').slice(0, scale)}`
  return Type.String({
    pattern: `^-?[0-9]{1,${precision - scale}}${scale === 0 ? '' : `([.][0-9]{1,${scale}})?`}$`,
    expected: `a decimal number such as ${example}`,
    examples: [example],
  })
}

/** A day without a time, as text: `2026-01-31`. */
export const CalendarDate = Type.String({ format: 'date' })

/** Accepts upper case; handlers get lower case. */
export const Uuid = Type.Unsafe<string>({ type: 'string', format: 'uuid' })

/** The organization filter of searches that are also open to org_admins. */
export const OrganizationFilter = Type.Unsafe<string>({
  ...Uuid,
  description: 'Only results of this organization. Required for an `org_admin`, who must name their own.',
})

export const IdParams = StrictObject({ id: Uuid })

/** Accepts internationalized domains; handlers get the address in lower case, with the domain in ASCII. */
export const Email = Type.String({
  maxLength: EMAIL_MAX_LENGTH,
  format: 'email',
  examples: ['ada@example.com'],
})

export const NewPassword = Type.String({
  minLength: PASSWORD_MIN_LENGTH,
  maxLength: PASSWORD_MAX_LENGTH,
  examples: ['correct horse battery staple'],
})

/** A refresh token or a mailed token. Malformed ones are refused before the database is queried. */
export const OpaqueToken = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^[A-Za-z0-9_-]+$',
  expected: 'a token of letters, digits, hyphens and underscores',
  examples: ['q1RZ0n5v3mXbT8cKfW2yLhUe7aJpDs4gN6iVoQxYt9A'],
})

/** One line with a visible character, since names appear in mail headers and log lines. */
export const LineText = (maxLength: number, options: Record<string, unknown> = {}) =>
  Type.String({ ...options, minLength: 1, maxLength, format: 'line' })

export const PersonName = LineText(100, { examples: ['Ada'] })

/** Text of several lines: anything that PostgreSQL can store. `maxLength` counts characters. */
export const WrittenText = (maxLength: number, options: Record<string, unknown> = {}) =>
  Type.String({ ...options, maxLength, format: 'storable' })

/** The search term of a list. */
export const SearchText = (description: string) =>
  Type.String({ minLength: 1, maxLength: 100, format: 'storable', description })

/** A response without a body. */
export const NoBody = (description: string) => Type.Unsafe<undefined>({ type: 'null', description })

/** A typed reference to a schema that `addSchema` registered. OpenAPI lists it once, under `components`. */
export const ref = <T extends TSchema & { $id?: string }>(schema: T) =>
  Type.Unsafe<Static<T>>({ $ref: `${schema.$id}#` })
