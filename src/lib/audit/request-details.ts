import type { FastifyRequest } from 'fastify'
import type { RequestDetails } from './context.js'
import {
  type FieldSchema,
  maskRefusedValues,
  maskUnknownFields,
  maskUnknownQuery,
  type SchemaFailure,
  withoutQuery,
} from './known-fields.js'
import { cutToBytes, MAX_BYTES, redact, redactText } from './redact.js'

/**
 * The bytes that are kept of each part. The log only grows, so requests that need no account or were denied
 * keep less: about 4 KB.
 */
const LIMITS = {
  full: { url: MAX_BYTES, headers: MAX_BYTES, body: MAX_BYTES, args: MAX_BYTES },
  short: { url: 500, headers: 1_500, body: 1_000, args: 500 },
}

/** The parts of a request to keep: bounded, without secrets, and without the values of unknown fields. */
export function detailsOf(request: FastifyRequest, ip: string, { isShort }: { isShort: boolean }) {
  return describe(request, ip, { isShort, failures: { body: [], query: [] } })
}

/** As `detailsOf`, for a refused request: also without the values that the schema of the route refuses. */
export function detailsOfRefused(
  request: FastifyRequest,
  ip: string,
  { isShort }: { isShort: boolean },
): RequestDetails {
  const failures = {
    body: request.body === undefined ? [] : failuresOf(request, 'body', asSent(request.body)),
    query: failuresOf(request, 'querystring', asSent(request.query)),
  }
  return describe(request, ip, { isShort, failures })
}

type Failures = { body: SchemaFailure[]; query: SchemaFailure[] }

function describe(
  request: FastifyRequest,
  ip: string,
  { isShort, failures }: { isShort: boolean; failures: Failures },
): RequestDetails {
  const limits = isShort ? LIMITS.short : LIMITS.full
  const { schema = {} } = request.routeOptions
  const querySchema = schema.querystring as FieldSchema
  const query = request.query as object
  const body = redact(maskUnknownFields(request.body, schema.body as FieldSchema), limits.body)
  const knownQuery = redact(maskUnknownFields(query, querySchema ?? { properties: {} }), limits.args)
  const maskedQuery = maskRefusedValues(knownQuery, failures.query)
  const url =
    maskedQuery === knownQuery ? maskUnknownQuery(request.url, query, querySchema) : withoutQuery(request.url)
  return {
    method: request.method,
    url: cutUrl(redactText(url), limits.url),
    ip,
    headers: redact(request.headers, limits.headers),
    body: maskRefusedValues(body, failures.body),
    args: { params: redact(request.params, limits.args), query: maskedQuery },
  }
}

/** A copy, because the validator writes into what it accepts, and refuses each `Date` that it wrote earlier. */
function asSent(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const fields = Object.entries(value)
  return Object.fromEntries(
    fields.map(([name, field]) => [name, field instanceof Date ? field.toISOString() : field]),
  )
}

const cutUrl = (url: string, maxBytes: number): string => {
  const kept = cutToBytes(url, maxBytes)
  return kept.length < url.length ? `${kept}[truncated]` : kept
}

type Validate = ((value: unknown) => unknown) & { errors?: SchemaFailure[] | null }

/** Validates again: the request may have been refused before validation. */
function failuresOf(request: FastifyRequest, part: 'body' | 'querystring', value: unknown): SchemaFailure[] {
  const validate = request.getValidationFunction(part) as Validate | undefined
  if (typeof validate !== 'function' || validate(value) === true) return []
  return validate.errors ?? []
}
