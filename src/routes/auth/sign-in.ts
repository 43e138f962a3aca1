import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { findUserToSignIn } from '../../db/queries/accounts/sign-in.js'
import { recordSecurityEvent } from '../../lib/audit/context.js'
import { anonymousCaller } from '../../lib/auth/passwords.js'
import {
  AccountDisabled,
  EmailNotVerified,
  InvalidCredentials,
  InvalidRefreshToken,
  TooManyAttempts,
} from '../../lib/errors/errors.js'
import type { Tag } from '../../plugins/http/api-tags.js'
import { SIGN_IN_LIMIT } from '../../rate-limit/route-limits.js'
import { Credentials, RefreshRequest, SignedIn, Tokens } from './schemas.js'

const tags: Tag[] = ['Authentication']

const signInRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { db, sessions, signInGuard } = app

  app.post(
    '/login',
    {
      schema: {
        tags,
        summary: 'Sign in',
        description:
          'An unknown address and a wrong password get the same response. After several wrong passwords in a row, even the ' +
          'right password is refused for as long as `Retry-After` says. A password reset by mail ends the wait. For half an ' +
          'hour after it, wrong passwords from other client addresses do not delay the client address of the reset. For an ' +
          'account whose e-mail address is not confirmed, only the password of the newest registration is right.',
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
      // Replaced below when the sign-in succeeds.
      recordSecurityEvent('sign_in_failed', user?.id)
      const isVerified = await signInGuard.verifyPassword({
        email,
        from: { ip: request.ip },
        user,
        password,
        caller: anonymousCaller(request.ip, addresses),
      })
      if (!user || !isVerified) throw new InvalidCredentials()
      // The status of the account is revealed only after the right password.
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
          'A refresh token works once and returns the next one. For a few seconds after its use it returns the same tokens ' +
          'again, so that a retry does not sign the user out. Any later use ends the session, because the token may be stolen.',
        body: RefreshRequest,
        response: { 200: Tokens },
      },
      config: { public: true, failures: [InvalidRefreshToken] },
    },
    async function refreshTokens(request) {
      return sessions.refresh(request.body.refreshToken)
    },
  )
}

export default signInRoutes
