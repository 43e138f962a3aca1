import type { FastifyInstance } from 'fastify'
import type { Permission } from '../../src/lib/auth/permissions.js'
import type { UserRole } from '../../src/lib/auth/roles.js'

export type JsonSchema = {
  type?: string | string[]
  format?: string
  pattern?: string
  enum?: string[]
  examples?: unknown[]
  required?: string[]
  properties?: Record<string, JsonSchema>
}

type Parameter = { name: string; in: 'path' | 'query'; required?: boolean; schema: JsonSchema }

type Documented = {
  operationId: string
  tags: string[]
  summary: string
  security?: unknown[]
  'x-permission'?: Permission
  'x-role'?: UserRole
  parameters?: Parameter[]
  requestBody?: { content: Record<string, { schema: JsonSchema }> }
  responses: Record<
    string,
    { description: string; headers?: object; content?: Record<string, { schema: JsonSchema }> }
  >
}

export type Operation = {
  /** `POST /api/v1/users/{id}` */
  name: string
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  path: string
  isPublic: boolean
  query: Parameter[]
  body: JsonSchema | undefined
  documented: Documented
  /** The path with an id in place of every parameter. */
  urlWith: (id: string) => string
  /** The path with unknown ids, except for that of the organization. */
  url: string
}

export const UNKNOWN_ID = '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60'

/**
 * Every operation of the OpenAPI document, so that tests of all operations cover future ones. With
 * the id of an existing organization its lists can be read.
 */
export function operationsOf(app: FastifyInstance, organizationId = UNKNOWN_ID): Operation[] {
  const { paths } = app.swagger() as unknown as { paths: Record<string, Record<string, Documented>> }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, documented]) =>
      toOperation(path, method.toUpperCase(), documented, organizationId),
    ),
  )
}

function toOperation(
  path: string,
  method: string,
  documented: Documented,
  organizationId: string,
): Operation {
  const urlWith = (id: string) => path.replace(/\{\w+\}/g, id)
  return {
    name: `${method} ${path}`,
    method: method as Operation['method'],
    path,
    isPublic: documented.security?.length === 0,
    query: (documented.parameters ?? []).filter((parameter) => parameter.in === 'query'),
    body: documented.requestBody?.content['application/json']?.schema,
    documented,
    urlWith,
    url: path.replace('{organizationId}', organizationId).replace(/\{\w+\}/g, UNKNOWN_ID),
  }
}

const SAMPLES_BY_FORMAT: Record<string, string> = {
  date: '2026-01-31',
  'date-time': '2026-01-31T09:30:00.000Z',
  uuid: UNKNOWN_ID,
}

/** A valid value of the schema, from its examples. */
export function sampleOf({
  examples,
  format = '',
  enum: choices,
  properties = {},
  type,
  required = [],
}: JsonSchema): unknown {
  const [example = choices?.[0]] = examples ?? []
  if (example !== undefined) return example
  if (type === 'object') {
    return Object.fromEntries(required.map((name) => [name, sampleOf(properties[name] ?? {})]))
  }
  if (type === 'boolean') return true
  if (type !== 'string') return 1
  return SAMPLES_BY_FORMAT[format] ?? 'a text of some length that fits anywhere'
}

export type WithBody = { operation: Operation; schema: JsonSchema; sample: Record<string, unknown> }

export const withBodies = (operations: Operation[]): WithBody[] =>
  operations.flatMap((operation) => {
    const schema = operation.body
    return schema ? [{ operation, schema, sample: sampleOf(schema) as Record<string, unknown> }] : []
  })
