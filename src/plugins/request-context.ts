import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Context, type RequestDetails, runInContext } from '../lib/context.js'
import { type FieldSchema, maskUnknownFields, maskUnknownQuery } from '../lib/known-fields.js'
import { redact, redactText } from '../lib/redact.js'

declare module 'fastify' {
  interface FastifyRequest {
    context: Context
  }
}

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

function contextOf(request: FastifyRequest): Context {
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

async function requestContext(app: FastifyInstance) {
  app.decorateRequest('context')

  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    request.context = contextOf(request)
    runInContext(request.context, done)
  })

  // Reading the body resumed us from the socket's own async context: step into the request's again.
  app.addHook('preValidation', (request, _reply, done) => runInContext(request.context, done))
}

export default fp(requestContext, { name: 'request-context' })
