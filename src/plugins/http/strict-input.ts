import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { UnexpectedBody } from '../../lib/errors/errors.js'
import { StrictObject } from '../../lib/schema/schemas.js'

const NO_PARAMETERS = StrictObject({})

/** Some clients send `{}` instead of no body. Accepting it ignores no input. */
const isEmptyBody = (body: unknown): boolean =>
  !body || (typeof body === 'object' && !Array.isArray(body) && Object.keys(body).length === 0)

/**
 * Routes refuse parameters and bodies that they do not declare: a
 * mistyped parameter is never silently ignored.
 */
async function strictInput(app: FastifyInstance) {
  app.addHook('onRoute', (route) => {
    route.schema = { querystring: NO_PARAMETERS, ...route.schema }
  })
  app.addHook('preValidation', (request, _reply, done) => {
    const takesBody = request.routeOptions.schema?.body !== undefined
    done(takesBody || isEmptyBody(request.body) ? undefined : new UnexpectedBody())
  })
}

export default fp(strictInput, { name: 'strict-input' })
