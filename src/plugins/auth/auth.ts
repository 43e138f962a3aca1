import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AccessClaims } from '../../lib/auth/access-tokens.js'
import { countHeader } from '../../lib/http/count-header.js'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    /**
     * The claims of the request's access token. Null without a valid one, and on
     * public routes unless they say `identifiesUser`.
     */
    user: AccessClaims
  }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** For public routes: sets `request.user` when there is a valid token, and ignores an invalid one. */
    identifiesUser?: true
  }
}

const SCHEME = /^Bearer /i

/**
 * Identifies the caller. The access policy decides later, after the rate limits, whether the caller is
 * admitted, so that refused requests are limited too.
 */
async function auth(app: FastifyInstance) {
  const { accessTokens, revocationList } = app

  const claimsOf = ({ headers, raw }: FastifyRequest): AccessClaims | undefined => {
    const { authorization = '' } = headers
    // Of several headers Node would use the first. They are ambiguous, so none is accepted.
    if (!SCHEME.test(authorization) || countHeader(raw.rawHeaders, 'authorization') > 1) return undefined
    return accessTokens.verify(authorization.slice('Bearer '.length))
  }

  // A callback, not async: there is nearly always nothing to wait for.
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
