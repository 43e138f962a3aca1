import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { UserRole } from '../../lib/auth/roles.js'
import { Forbidden, Unauthorized } from '../../lib/errors/errors.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Opens the route to anonymous callers. Default: a route needs a signed-in user. */
    public?: true
    /** Admits only users with this platform role. Default: any. */
    role?: UserRole
  }
}

/**
 * Refuses requests that do not meet `public` and `role`: with a 401
 * without a user, with a 403 for a wrong role.
 */
async function accessPolicy(app: FastifyInstance) {
  app.addHook('onRequest', (request, reply, done) => {
    const { config } = request.routeOptions
    if (config.public || request.is404) return done()
    if (request.user)
      return done(config.role && request.user.role !== config.role ? new Forbidden() : undefined)
    reply.header('www-authenticate', 'Bearer')
    done(new Unauthorized())
  })
}

export default fp(accessPolicy, { name: 'access-policy', dependencies: ['auth', 'rate-limit'] })
