import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { findUserToSignIn } from '../../db/queries/accounts/users.js'
import { endSession } from '../../db/queries/sessions/sessions.js'
import { recordSecurityEvent } from '../../lib/audit/context.js'
import { anonymousCaller } from '../../lib/auth/hashing-callers.js'
import {
  AccountDisabled,
  EmailNotVerified,
  InvalidCredentials,
  InvalidRefreshToken,
  TooManyAttempts,
} from '../../lib/errors/errors.js'
import { NoBody } from '../../lib/schema/schemas.js'
import { SIGN_IN_LIMIT } from '../../rate-limit/route-limits.js'
import passwordResetRoutes from './password-reset.js'
import registrationRoutes from './registration.js'
import { Credentials, RefreshRequest, SignedIn, Tokens } from './schemas.js'

const authRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const tags = app.tag(
    'Authentication',
    'Signing in and out, and what comes before: registration, confirmation, a lost password.',
  )
  const { db, revocationList, sessions, signInGuard } = app

  app.post(
    '/login',
    {
      schema: {
        tags,
        summary: 'Sign in',
        description:
          'An unknown address and a wrong password get the same answer. After several wrong passwords in a row even the ' +
          'right one has to wait, as long as `Retry-After` says. A reset by mail ends the wait, and for half an hour after it, ' +
          'wrong passwords from elsewhere do not hold up the address that it came from. Of an account whose mailbox is not ' +
          'confirmed, the newest registration decides which password is right.',
        body: Credentials,
        response: { 200: SignedIn },
      },
      config: {
        public: true,
        rateLimits: SIGN_IN_LIMIT,
        failures: [InvalidCredentials, EmailNotVerified, AccountDisabled, TooManyAttempts],
      },
    },
    async function signIn(request) {
      const { email, password } = request.body
      const { user, addresses } = await findUserToSignIn(db, email)
      // Until it has succeeded, in whatever way it fails.
      recordSecurityEvent('sign_in_failed', user?.id)
      const isVerified = await signInGuard.verifyPassword({
        email,
        from: { ip: request.ip },
        user,
        password,
        caller: anonymousCaller(request.ip, addresses),
      })
      if (!user || !isVerified) throw new InvalidCredentials()
      // The account's state is told only to whoever knows the password.
      if (user.status === 'disabled') throw new AccountDisabled()
      if (user.status === 'pending') throw new EmailNotVerified()

      const tokens = await sessions.start(user, request)
      recordSecurityEvent('sign_in', user.id)
      return { ...tokens, user }
    },
  )

  app.post(
    '/refresh',
    {
      schema: {
        tags,
        summary: 'Get new tokens',
        description:
          'Each refresh token is good for one use and gives its successor. For a few seconds it gives the same one again, ' +
          'so that a retry logs nobody out; any later use ends the session, for whoever stole the token, too.',
        body: RefreshRequest,
        response: { 200: Tokens },
      },
      config: { public: true, failures: [InvalidRefreshToken] },
    },
    async function refreshTokens(request) {
      return sessions.refresh(request.body.refreshToken)
    },
  )

  app.post(
    '/logout',
    {
      schema: {
        tags,
        summary: 'Sign out',
        description: 'Ends this session, its access tokens included. Other sessions go on.',
        response: { 204: NoBody('Signed out') },
      },
    },
    async function signOut(request, reply) {
      await endSession(db, request.user.sessionId)
      recordSecurityEvent('sign_out')
      await revocationList.settle()
      return reply.code(204).send()
    },
  )

  await app.register(registrationRoutes)
  await app.register(passwordResetRoutes)
}

export default authRoutes
