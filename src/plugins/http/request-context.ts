import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Context, type Ending, type RequestDetails, runInContext } from '../../lib/audit/context.js'
import { detailsOf, detailsOfRefused } from '../../lib/audit/request-details.js'

declare module 'fastify' {
  interface FastifyRequest {
    context: Context
  }
}

function contextOf(request: FastifyRequest): Context {
  // Read at once: after the client has hung up, its socket no longer has an address.
  const { ip } = request
  // Cached for every write and for the request record. The details do not change once the body has been read.
  let described: { body: unknown; isShort: boolean; details: RequestDetails } | undefined
  const describeRequest = (ending?: Ending): RequestDetails => {
    const { body, context } = request
    const isShort = context.userId === null || ending === 'denied'
    if (ending === 'denied' || ending === 'failed') return detailsOfRefused(request, ip, { isShort })
    if (described && described.body === body && described.isShort === isShort) return described.details
    described = { body, isShort, details: detailsOf(request, ip, { isShort }) }
    return described.details
  }
  return { actor: 'anonymous', userId: null, requestId: request.id, ip, describeRequest }
}

async function requestContext(app: FastifyInstance) {
  app.decorateRequest('context')

  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    request.context = contextOf(request)
    runInContext(request.context, done)
  })

  // Reading the body continues in the socket's async context, so the request's context is entered again.
  app.addHook('preValidation', (request, _reply, done) => runInContext(request.context, done))
}

export default fp(requestContext, { name: 'request-context' })
