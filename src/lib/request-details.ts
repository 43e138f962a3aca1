import type { FastifyRequest } from 'fastify'
import type { Context, RequestDetails } from './context.js'
import { type FieldSchema, maskUnknownFields, maskUnknownQuery } from './known-fields.js'
import { redact, redactText } from './redact.js'

function detailsOf(request: FastifyRequest, ip: string): RequestDetails {
  const { schema = {} } = request.routeOptions
  const querySchema = schema.querystring as FieldSchema
  const query = request.query as object
  return {
    method: request.method,
    url: redactText(maskUnknownQuery(request.url, query, querySchema)),
    ip,
    headers: redact(request.headers),
    body: redact(maskUnknownFields(request.body, schema.body as FieldSchema)),
    args: {
      params: redact(request.params),
      query: redact(maskUnknownFields(query, querySchema ?? { properties: {} })),
    },
  }
}

/** What is known of a request before anybody has looked at its token. */
export function contextOf(request: FastifyRequest): Context {
  // Now: once a client has hung up, its socket knows no address any more.
  const { ip } = request
  // For every write of the request and for its own record; once its body has been read, nothing of it changes.
  let described: { body: unknown; details: RequestDetails } | undefined
  const describeRequest = (): RequestDetails => {
    const { body } = request
    if (described?.body !== body) described = undefined
    described ??= { body, details: detailsOf(request, ip) }
    return described.details
  }
  return { actor: 'anonymous', userId: null, requestId: request.id, describeRequest }
}
