import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { createSession, type SessionLifetimes } from '../../db/queries/sessions/create-session.js'
import { refreshSession } from '../../db/queries/sessions/refresh.js'
import type { User } from '../../db/schema/users.js'
import { InvalidRefreshToken } from '../../lib/errors/errors.js'

export type Tokens = {
  accessToken: string
  tokenType: 'Bearer'
  expiresIn: number
  refreshToken: string
}

declare module 'fastify' {
  interface FastifyInstance {
    sessions: {
      /** Signs a user in on the device of the request. If the user has too many sessions, the oldest ends. */
      start: (user: User, request: FastifyRequest) => Promise<Tokens>
      /**
       * @throws {InvalidRefreshToken} when the token is unknown or expired, or was used longer ago than the
       * grace period, which ends the session
       */
      refresh: (refreshToken: string) => Promise<Tokens>
    }
  }
}

type SessionOptions = { lifetimes: SessionLifetimes; maxPerUser: number }

async function sessions(app: FastifyInstance, { lifetimes, maxPerUser }: SessionOptions) {
  const { db, accessTokens, revocationList } = app

  const tokensOf = (user: User, sessionId: string, refreshToken: string): Tokens => ({
    accessToken: accessTokens.sign({ userId: user.id, sessionId, role: user.role }),
    tokenType: 'Bearer',
    expiresIn: accessTokens.lifetimeSeconds,
    refreshToken,
  })

  app.decorate('sessions', {
    start: async (user, request) => {
      const origin = { ip: request.ip, userAgent: request.headers['user-agent'] }
      const session = await createSession(db, { user, ...origin, maxPerUser }, lifetimes)
      if (session.endedOthers) await revocationList.settle()
      return tokensOf(user, session.id, session.refreshToken)
    },
    refresh: async (token) => {
      try {
        const { user, session, refreshToken } = await refreshSession(db, token, lifetimes)
        return tokensOf(user, session.id, refreshToken)
      } catch (error) {
        // A reused token has just ended its session: apply the revocation before responding.
        if (error instanceof InvalidRefreshToken) await revocationList.settle()
        throw error
      }
    },
  })
}

export default fp(sessions, { name: 'sessions', dependencies: ['revocation-list', 'access-tokens', 'db'] })
