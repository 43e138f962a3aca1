import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Context, runInContext } from '../lib/context.js'
import { redact, redactText } from '../lib/redact.js'

declare module 'fastify' {
  interface FastifyRequest {
    context: Context
  }
}

const contextOf = (request: FastifyRequest): Context => ({
  actor: 'anonymous',
  userId: null,
  requestId: request.id,
  describeRequest: () => ({
    method: request.method,
    url: redactText(request.url),
    ip: request.ip,
    headers: redact(request.headers),
    body: redact(request.body),
    args: { params: redact(request.params), query: redact(request.query) },
  }),
})

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
