import type { FastifyInstance, preValidationHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { type Context, runInContext } from '../lib/context.js'
import { mayWrite } from '../lib/finished-request.js'
import { contextOf } from '../lib/request-details.js'

declare module 'fastify' {
  interface FastifyRequest {
    context: Context
  }
}

async function requestContext(app: FastifyInstance) {
  app.decorateRequest('context')

  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    request.context = contextOf(request)
    done()
  })

  app.addHook('onRoute', (route) => {
    if (!mayWrite(route)) return
    // When the body has been read: that has resumed us from the socket's own async context.
    const enter: preValidationHookHandler = (request, _reply, done) => runInContext(request.context, done)
    route.preValidation = [enter, ...[route.preValidation ?? []].flat()]
  })
}

export default fp(requestContext, { name: 'request-context' })
