import type { Static, TProperties, TSchema } from 'typebox'
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../auth/passwords.js'
import { EMAIL_MAX_LENGTH } from './email.js'
import Type from './type.js'

/** A body or a query: unknown fields are refused, never dropped. */
export const StrictObject = <T extends TProperties>(properties: T, options: Record<string, unknown> = {}) =>
  Type.Object(properties, { ...options, additionalProperties: false })

/**
 * The query of a page that mails link to: mail services and trackers add parameters of their own, and those are ignored.
 */
export const PageQuery = <T extends TProperties>(properties: T) => Type.Object(properties)

/** `enum` instead of a union of constants: one keyword for Ajv, the serializer and OpenAPI. */
export const StringEnum = <const T extends readonly string[]>(
  values: T,
  options: Record<string, unknown> = {},
) => Type.Unsafe<T[number]>({ ...options, type: 'string', enum: [...values] })

export const Nullable = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Static<T> | null>({ ...schema, type: [(schema as { type?: string }).type, 'null'] })

/** Clients may leave it out; handlers always find it, since Ajv fills it in. */
export const WithDefault = <T extends TSchema>(schema: T): T => Type.Optional(schema) as unknown as T

/** A Date in the code, ISO 8601 in UTC with milliseconds on the wire. */
export const Timestamp = Type.Unsafe<Date>({ type: 'string', format: 'date-time' })

/** Accepted in capitals, too; handlers get it in lower case. */
export const Uuid = Type.Unsafe<string>({ type: 'string', format: 'uuid' })

/** Of a search that org_admins may make within their organization. */
export const NamedOrganization = Type.Unsafe<string>({
  ...Uuid,
  description: 'Only what belongs to this organization. An `org_admin` has to name theirs.',
})

export const IdParams = StrictObject({ id: Uuid })

/** Also with a domain of other scripts; handlers get it in lower case and ASCII. */
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

/** A refresh token, or one from a mail. What none can look like is refused before it is looked up. */
export const OpaqueToken = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^[A-Za-z0-9_-]+$',
  examples: ['q1RZ0n5v3mXbT8cKfW2yLhUe7aJpDs4gN6iVoQxYt9A'],
})

/** One line, something visible in it: a name ends up in mail headers and log lines. */
export const PersonName = Type.String({
  minLength: 1,
  maxLength: 100,
  format: 'line',
  examples: ['Ada'],
})

/** Lines of text: whatever PostgreSQL can store. */
export const WrittenText = (maxLength: number, options: Record<string, unknown> = {}) =>
  Type.String({ ...options, maxLength, format: 'storable' })

/** What a list looks for. */
export const SearchText = (description: string) =>
  Type.String({ minLength: 1, maxLength: 100, format: 'storable', description })

/** An answer that says everything by its status. */
export const NoBody = (description: string) => Type.Unsafe<undefined>({ type: 'null', description })

/** A typed reference to a schema registered with `addSchema`: OpenAPI then names it once, under components. */
export const ref = <T extends TSchema & { $id?: string }>(schema: T) =>
  Type.Unsafe<Static<T>>({ $ref: `${schema.$id}#` })
