import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import {
  type CookieSession,
  createCookieSession,
  findCookieSession,
  touchCookieSession,
} from '../../db/queries/sessions/cookie-sessions.js'
import { endSession } from '../../db/queries/sessions/sessions.js'
import type { User } from '../../db/schema/users.js'
import { endedSessionCookie, readSessionCookie, sessionCookie } from '../../lib/auth/session-cookie.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Sign-ins of a browser, for pages alone: the API takes no cookie. */
    cookieSessions: {
      start: (user: User, request: FastifyRequest, reply: FastifyReply) => Promise<void>
      /** Asks the database each time: an ended session is known at once, and so is a changed role. */
      find: (request: FastifyRequest) => Promise<CookieSession | undefined>
      end: (id: string) => Promise<void>
      /** Makes the browser forget the cookie. */
      forget: (reply: FastifyReply) => void
    }
  }
}

type CookieSessionOptions = { lifetimeSeconds: number; maxPerUser: number }

async function cookieSessions(app: FastifyInstance, { lifetimeSeconds, maxPerUser }: CookieSessionOptions) {
  const { db, revocationList } = app

  app.decorate('cookieSessions', {
    start: async (user, request, reply) => {
      const origin = { ip: request.ip, userAgent: request.headers['user-agent'] }
      const session = await createCookieSession(db, { user, ...origin, maxPerUser }, lifetimeSeconds)
      if (session.endedOthers) await revocationList.settle()
      reply.header('set-cookie', sessionCookie(session.token, lifetimeSeconds))
    },
    find: async ({ headers }) => {
      const token = readSessionCookie(headers.cookie)
      const session = token === undefined ? undefined : await findCookieSession(db, token)
      if (session) await touchCookieSession(db, session.id)
      return session
    },
    end: async (id) => {
      await endSession(db, id)
      await revocationList.settle()
    },
    forget: (reply) => {
      reply.header('set-cookie', endedSessionCookie)
    },
  })
}

export default fp(cookieSessions, { name: 'cookie-sessions', dependencies: ['revocation-list', 'db'] })
