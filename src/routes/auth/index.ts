import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { createSession, endSession } from '../../db/queries/sessions.js'
import { findUserByEmail } from '../../db/queries/users.js'
import { normalizeEmail } from '../../lib/email.js'
import { AccountDisabled, EmailNotVerified, InvalidCredentials } from '../../lib/errors.js'
import { verifyPassword } from '../../lib/passwords.js'
import { Credentials, SignedIn } from './schemas.js'

const authRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { db, accessTokens, accessList } = app

  app.post(
    '/login',
    {
      schema: {
        tags: ['Authentication'],
        summary: 'Sign in',
        description: 'An unknown address and a wrong password get the same answer.',
        body: Credentials,
        response: { 200: SignedIn },
      },
      config: { public: true },
    },
    async function signIn(request) {
      const user = await findUserByEmail(db, normalizeEmail(request.body.email))
      const fits = await verifyPassword(user?.passwordHash, request.body.password)
      if (!user || !fits) throw new InvalidCredentials()
      // The account's state is told only to whoever knows the password.
      if (user.status === 'disabled') throw new AccountDisabled()
      if (user.status === 'pending') throw new EmailNotVerified()

      const session = await createSession(db, {
        userId: user.id,
        ip: request.ip,
        userAgent: request.headers['user-agent'],
      })
      return {
        accessToken: accessTokens.sign({ userId: user.id, sessionId: session.id, role: user.role }),
        tokenType: 'Bearer' as const,
        expiresIn: accessTokens.lifetimeSeconds,
        refreshToken: session.refreshToken,
        user,
      }
    },
  )

  app.post(
    '/logout',
    {
      schema: {
        tags: ['Authentication'],
        summary: 'Sign out',
        description: 'Ends this session, its access tokens included. Other sessions go on.',
        response: { 204: Type.Null({ description: 'Signed out' }) },
      },
    },
    async function signOut(request, reply) {
      await endSession(db, request.user.sessionId)
      await accessList.settle()
      return reply.code(204).send(null)
    },
  )
}

export default authRoutes
