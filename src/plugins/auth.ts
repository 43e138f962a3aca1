import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AccessClaims } from '../lib/access-tokens.js'
import { countHeader } from '../lib/count-header.js'
import { Forbidden, Unauthorized } from '../lib/errors.js'
import type { UserRole } from '../lib/roles.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Opens a route to everybody: without this word it needs a user. */
    public?: true
    /** Only users with this platform role. */
    role?: UserRole
  }
}

declare module '@fastify/jwt' {
  interface FastifyJWT {
    /** Whose token the request carries. On public routes there is none. */
    user: AccessClaims
  }
}

const SCHEME = /^Bearer /i

async function auth(app: FastifyInstance) {
  const { accessTokens, accessList } = app

  const claimsOf = ({ headers, raw }: FastifyRequest): AccessClaims | undefined => {
    const { authorization = '' } = headers
    // Of several, Node keeps the first: with two, none counts.
    if (!SCHEME.test(authorization) || countHeader(raw.rawHeaders, 'authorization') > 1) return undefined
    return accessTokens.verify(authorization.slice('Bearer '.length))
  }

  // With a callback: nearly always there is nothing to wait for.
  app.addHook('onRequest', (request, reply, done) => {
    const { config } = request.routeOptions
    if (config.public || request.is404) return done()
    const claims = claimsOf(request)
    const decide = (isAllowed: boolean) => {
      if (!claims || !isAllowed) {
        reply.header('www-authenticate', 'Bearer')
        return done(new Unauthorized())
      }
      request.user = claims
      request.context.userId = claims.userId
      request.context.actor = 'user'
      done(config.role && claims.role !== config.role ? new Forbidden() : undefined)
    }
    const allowed = claims !== undefined && accessList.allows(claims)
    if (typeof allowed === 'boolean') decide(allowed)
    else allowed.then(decide, done)
  })
}

export default fp(auth, {
  name: 'auth',
  dependencies: ['access-list', 'access-tokens', 'request-context'],
})
