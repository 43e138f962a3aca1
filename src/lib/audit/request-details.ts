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
 * How many bytes of each part are kept. The log only grows, so what needs no account, or was denied, is kept shorter: 4 KB a
 * request.
 */
const LIMITS = {
  full: { url: MAX_BYTES, headers: MAX_BYTES, body: MAX_BYTES, args: MAX_BYTES },
  short: { url: 500, headers: 1_500, body: 1_000, args: 500 },
}

/** What is kept of a request: bounded, without secrets, and without values of fields that its operation does not know. */
export function detailsOf(request: FastifyRequest, ip: string, { isShort }: { isShort: boolean }) {
  return describe(request, ip, { isShort, failures: { body: [], query: [] } })
}

/** As `detailsOf`, of a request that was refused: without the values, too, that its operation's schema does not accept. */
export function detailsOfRefused(
  request: FastifyRequest,
  ip: string,
  { isShort }: { isShort: boolean },
): RequestDetails {
  const failures = {
    body: request.body === undefined ? [] : failuresOf(request, 'body', request.body),
    // A copy: numbers are read into it.
    query: failuresOf(request, 'querystring', { ...(request.query as object) }),
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
  const shownQuery = maskRefusedValues(knownQuery, failures.query)
  const url =
    shownQuery === knownQuery ? maskUnknownQuery(request.url, query, querySchema) : withoutQuery(request.url)
  return {
    method: request.method,
    url: cutUrl(redactText(url), limits.url),
    ip,
    headers: redact(request.headers, limits.headers),
    body: maskRefusedValues(body, failures.body),
    args: { params: redact(request.params, limits.args), query: shownQuery },
  }
}

const cutUrl = (url: string, maxBytes: number): string => {
  const kept = cutToBytes(url, maxBytes)
  return kept.length < url.length ? `${kept}[truncated]` : kept
}

type Validate = ((value: unknown) => unknown) & { errors?: SchemaFailure[] | null }

/** Asked anew: a request may have been refused before it came to that. */
function failuresOf(request: FastifyRequest, part: 'body' | 'querystring', value: unknown): SchemaFailure[] {
  const validate = request.getValidationFunction(part) as Validate | undefined
  if (typeof validate !== 'function' || validate(value) === true) return []
  return validate.errors ?? []
}
