import type { FastifyError } from '@fastify/error'
import { isRestricted, type Permission } from '../lib/auth/permissions.js'
import type { UserRole } from '../lib/auth/roles.js'
import {
  Forbidden,
  InvalidCursor,
  MalformedJson,
  NotFound,
  PayloadTooLarge,
  RateLimited,
  ServiceUnavailable,
  Unauthorized,
  UnexpectedBody,
  UnsupportedMediaType,
} from '../lib/errors/errors.js'
import { PROBLEM_MEDIA_TYPE, toProblem } from '../lib/http/problem.js'
import { Problem } from '../lib/schema/problem-schema.js'
import { ref } from '../lib/schema/schemas.js'
import type { PolicyDescription } from '../rate-limit/policies.js'

/** One of the classes in `lib/errors/errors.ts`. */
export type FailureKind = new (...args: never[]) => FastifyError

/**
 * The properties of a route that its documentation follows from. `role` and `permission`: undefined for
 * none.
 */
export type DescribedRoute = {
  method: string
  schema: Record<string, unknown>
  operationId: string
  isPublic: boolean
  role: UserRole | undefined
  permission: Permission | undefined
  /** The failures that are specific to the route. Those that follow from its other properties are added. */
  failures: readonly FailureKind[]
  rateLimits: readonly PolicyDescription[]
  /** Whether a 201 has a `Location` header. */
  hasLocation: boolean
}

const EXAMPLE_REQUEST_ID = '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60'

const SUCCESSES: Record<string, string> = { 200: 'Done', 201: 'Created', 202: 'Accepted', 204: 'Done' }

const SENDS_RETRY_AFTER = [429, 503]
const RETRY_AFTER = { type: 'integer', description: 'Seconds to wait before a retry, if one may succeed.' }

/**
 * Completes the documentation of a route from its properties, so that no route can forget its error
 * responses.
 */
export function describeRoute(route: DescribedRoute): Record<string, unknown> {
  const { schema, operationId, isPublic, role, permission, rateLimits } = route
  return {
    operationId,
    ...(isPublic && { security: [] }),
    ...schema,
    ...(role && { 'x-role': role }),
    ...(permission && { 'x-permission': permission }),
    ...(rateLimits.length > 0 && { 'x-rate-limit': rateLimits }),
    // A copy, because YAML would turn a list that several routes share into anchors.
    tags: [...((schema.tags as string[] | undefined) ?? [])],
    response: withLimitHeaders({ ...problemResponses(route), ...successResponses(route) }, route),
  }
}

const LIMIT_HEADERS = {
  'ratelimit-policy': {
    type: 'string',
    description: 'The limits: requests (`q`) in a number of seconds (`w`).',
  },
  ratelimit: {
    type: 'string',
    description: 'The remaining requests (`r`), and the seconds until the limit resets (`t`).',
  },
}

function withLimitHeaders(responses: Record<string, unknown>, { rateLimits }: DescribedRoute) {
  if (rateLimits.length === 0) return responses
  return Object.fromEntries(
    Object.entries(responses as Record<string, { headers?: object }>).map(([status, response]) => [
      status,
      { ...response, headers: { ...response.headers, ...LIMIT_HEADERS } },
    ]),
  )
}

const LOCATION = { type: 'string', description: 'The address of the new resource.' }

function successResponses({ schema, hasLocation }: DescribedRoute): Record<string, unknown> {
  const responses = Object.entries((schema.response ?? {}) as Record<string, Record<string, unknown>>)
  return Object.fromEntries(
    responses.map(([status, response]) => [
      status,
      {
        ...response,
        description: response.description ?? SUCCESSES[status] ?? 'Failed',
        ...(status === '201' && hasLocation && { headers: { location: LOCATION } }),
      },
    ]),
  )
}

const hasField = (part: unknown, name: string): boolean =>
  Object.hasOwn((part as { properties?: object } | undefined)?.properties ?? {}, name)

type Thrown = Parameters<typeof toProblem>[0]

/** The errors that follow from the properties of the route, and its own. */
function failuresOf(route: DescribedRoute): Thrown[] {
  const { method, schema, isPublic, role, permission, failures, rateLimits } = route
  const mayHaveBody = !['GET', 'HEAD'].includes(method)
  const needsRole = role !== undefined || (permission !== undefined && isRestricted(permission))
  const kinds: (FailureKind | false)[] = [
    mayHaveBody && MalformedJson,
    mayHaveBody && !schema.body && UnexpectedBody,
    !isPublic && Unauthorized,
    needsRole && Forbidden,
    Boolean(schema.params) && NotFound,
    hasField(schema.querystring, 'cursor') && InvalidCursor,
    mayHaveBody && PayloadTooLarge,
    mayHaveBody && UnsupportedMediaType,
    ...failures,
    rateLimits.length > 0 && RateLimited,
    ServiceUnavailable,
  ]
  const thrown = kinds.filter((kind) => kind !== false).map((kind) => new (kind as new () => FastifyError)())
  return [validationFailureOf(schema), ...thrown, { statusCode: 500 }]
}

/** An example of a failed validation. */
const validationFailureOf = ({ body }: Record<string, unknown>): Thrown => ({
  validationContext: body ? 'body' : 'querystring',
  validation: [
    { instancePath: '', keyword: 'additionalProperties', params: { additionalProperty: 'middleName' } },
  ],
})

function problemResponses(route: DescribedRoute): Record<string, unknown> {
  const problems = failuresOf(route).map((thrown) => {
    const problem = toProblem(thrown, EXAMPLE_REQUEST_ID)
    // The reason in the place of `%s` is known only at run time.
    return { ...problem, detail: problem.detail.replace(': %s', '') }
  })
  const statuses = [...new Set(problems.map(({ status }) => status))]
  return Object.fromEntries(
    statuses.map((status) => {
      const ofStatus = problems.filter((problem) => problem.status === status)
      const content = {
        schema: ref(Problem),
        examples: Object.fromEntries(ofStatus.map((problem) => [problem.code, { value: problem }])),
      }
      const description = ofStatus.map(({ code, detail }) => `\`${code}\`: ${detail}`).join('\n\n')
      const headers = SENDS_RETRY_AFTER.includes(status) ? { headers: { 'retry-after': RETRY_AFTER } } : {}
      return [status, { description, ...headers, content: { [PROBLEM_MEDIA_TYPE]: content } }]
    }),
  )
}
