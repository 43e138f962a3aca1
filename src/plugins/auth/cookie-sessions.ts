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
    /** Sessions in a cookie, for pages only: the API does not accept the cookie. */
    cookieSessions: {
      /** Sets the cookie. If the user has too many sessions, the oldest ends. */
      start: (user: User, request: FastifyRequest, reply: FastifyReply) => Promise<void>
      /** Queries the database each time, so that an ended session or a changed role takes effect at once. */
      find: (request: FastifyRequest) => Promise<CookieSession | undefined>
      end: (id: string) => Promise<void>
      /** Deletes the cookie in the browser. Does not end the session. */
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
