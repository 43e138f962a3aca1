import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { UserRole } from '../../lib/auth/roles.js'
import { Forbidden, Unauthorized } from '../../lib/errors/errors.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Opens a route to everybody: without this word it needs a user. */
    public?: true
    /** Only users with this platform role. */
    role?: UserRole
  }
}

/** Refuses who may not. */
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
