import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AccessClaims } from '../lib/access-tokens.js'
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

const BEARER = /^Bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/i

/** Node keeps the first of several Authorization headers and drops the others without a word: with two, none counts. */
const hasOneAuthorization = ({ raw }: FastifyRequest): boolean =>
  raw.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'authorization').length === 1

async function auth(app: FastifyInstance) {
  const { accessTokens, accessList } = app

  const authenticate = async (request: FastifyRequest): Promise<AccessClaims | undefined> => {
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1]
    const claims = token && hasOneAuthorization(request) ? accessTokens.verify(token) : undefined
    return claims && (await accessList.allows(claims)) ? claims : undefined
  }

  app.addHook('onRequest', async (request, reply) => {
    const { config } = request.routeOptions
    if (config.public || request.is404) return
    const user = await authenticate(request)
    if (!user) {
      reply.header('www-authenticate', 'Bearer')
      throw new Unauthorized()
    }
    request.user = user
    request.context.userId = user.userId
    request.context.actor = 'user'
    if (config.role && user.role !== config.role) throw new Forbidden()
  })
}

export default fp(auth, {
  name: 'auth',
  dependencies: ['access-list', 'access-tokens', 'request-context'],
})
