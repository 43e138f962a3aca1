import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AccessClaims } from '../../lib/auth/access-tokens.js'
import { countHeader } from '../../lib/http/count-header.js'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    /** Whose token the request carries. On most public routes there is none. */
    user: AccessClaims
  }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A public route that wants to know who asks, where a valid token tells; any other token counts as none. */
    identifiesUser?: true
  }
}

const SCHEME = /^Bearer /i

/** Finds out who asks. Whether they may is for the access policy, after the rate limits: refusals are limited, too. */
async function auth(app: FastifyInstance) {
  const { accessTokens, revocationList } = app

  const claimsOf = ({ headers, raw }: FastifyRequest): AccessClaims | undefined => {
    const { authorization = '' } = headers
    // Of several, Node keeps the first: with two, none counts.
    if (!SCHEME.test(authorization) || countHeader(raw.rawHeaders, 'authorization') > 1) return undefined
    return accessTokens.verify(authorization.slice('Bearer '.length))
  }

  // With a callback: nearly always there is nothing to wait for.
  app.addHook('onRequest', (request, _reply, done) => {
    const { config } = request.routeOptions
    if ((config.public && !config.identifiesUser) || request.is404) return done()
    const claims = claimsOf(request)
    if (!claims) return done()
    const identify = (isRevoked: boolean) => {
      if (!isRevoked) {
        request.user = claims
        request.context.userId = claims.userId
        request.context.actor = 'user'
      }
      done()
    }
    const isRevoked = revocationList.isRevoked(claims)
    if (typeof isRevoked === 'boolean') identify(isRevoked)
    else isRevoked.then(identify, done)
  })
}

export default fp(auth, {
  name: 'auth',
  dependencies: ['revocation-list', 'access-tokens', 'request-context'],
})
