import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { changePassword } from '../../db/queries/accounts/credentials.js'
import { findUserById } from '../../db/queries/accounts/users.js'
import { enqueue } from '../../db/queries/jobs/outbox.js'
import type { User } from '../../db/schema/users.js'
import type { AccessClaims } from '../../lib/auth/access-tokens.js'
import { provenCaller } from '../../lib/auth/hashing-callers.js'
import { PasswordTooCommon, TooManyAttempts, Unauthorized, WrongPassword } from '../../lib/errors/errors.js'
import { NoBody } from '../../lib/schema/schemas.js'
import { EMAIL_CHANGE_LIMIT } from '../../rate-limit/route-limits.js'
import { EmailChange, PasswordChange } from './schemas.js'

const tags = ['My account']

/** What needs the password again: an access token alone, stolen or left on a shared machine, must not be enough. */
const myCredentialRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { db, revocationList, passwords, signInGuard } = app

  async function confirmUser({ userId, sessionId }: AccessClaims, password: string): Promise<User> {
    const user = await findUserById(db, userId)
    if (!user) throw new Unauthorized()
    const attempt = { email: user.email, from: { sessionId }, user, password, caller: provenCaller(userId) }
    if (!(await signInGuard.verifyPassword(attempt))) throw new WrongPassword()
    return user
  }

  app.post(
    '/change-password',
    {
      schema: {
        tags,
        summary: 'Change my password',
        description:
          'Ends all my other sessions. Wrong passwords are slowed down as they are when signing in, those of each session ' +
          'apart: strangers who guess at the sign-in do not hold up who is signed in.',
        body: PasswordChange,
        response: { 204: NoBody('Changed') },
      },
      config: { failures: [WrongPassword, TooManyAttempts, PasswordTooCommon] },
    },
    async function changeMyPassword(request, reply) {
      const { currentPassword, newPassword } = request.body
      const { sessionId } = request.user
      const user = await confirmUser(request.user, currentPassword)
      const passwordHash = await passwords.hashNew(newPassword, user, provenCaller(user.id))
      await changePassword(db, { user, sessionId, passwordHash })
      await revocationList.settle()
      return reply.code(204).send()
    },
  )

  app.post(
    '/change-email',
    {
      schema: {
        tags,
        summary: 'Change my e-mail address',
        description:
          'The new address takes effect when the link that is mailed to it is opened; the old one is told. The request ends with ' +
          'the session that made it, by signing out, too, and with any change of the password, address or status.',
        body: EmailChange,
        response: { 202: NoBody('Accepted: the new mailbox has to confirm') },
      },
      config: { rateLimits: EMAIL_CHANGE_LIMIT, failures: [WrongPassword, TooManyAttempts] },
    },
    async function changeMyEmail(request, reply) {
      const { email, password } = request.body
      const { id: userId, securityVersion } = await confirmUser(request.user, password)
      const { sessionId } = request.user
      const payload = { userId, sessionId, securityVersion, email }
      await db.transaction((tx) => enqueue(tx, 'request-email-change', payload))
      return reply.code(202).send()
    },
  )
}

export default myCredentialRoutes
