import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { changePassword } from '../../db/queries/accounts/credentials.js'
import { findUserById } from '../../db/queries/accounts/users.js'
import { enqueue } from '../../db/queries/jobs/outbox.js'
import type { User } from '../../db/schema/users.js'
import type { AccessClaims } from '../../lib/auth/access-tokens.js'
import { knownCaller } from '../../lib/auth/passwords.js'
import { PasswordTooCommon, TooManyAttempts, Unauthorized, WrongPassword } from '../../lib/errors/errors.js'
import { NoBody } from '../../lib/schema/schemas.js'
import type { Tag } from '../../plugins/http/api-tags.js'
import { EMAIL_CHANGE_LIMIT } from '../../rate-limit/route-limits.js'
import { EmailChange, PasswordChange } from './schemas.js'

const tags: Tag[] = ['My account']

/**
 * These changes need the password again: an access token that was stolen
 * or left on a shared machine is not enough.
 */
const myCredentialRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { db, revocationList, passwords, signInGuard } = app

  async function confirmUser({ userId, sessionId }: AccessClaims, password: string): Promise<User> {
    const user = await findUserById(db, userId)
    if (!user) throw new Unauthorized()
    const attempt = { email: user.email, from: { sessionId }, user, password, caller: knownCaller(userId) }
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
          'Ends all my other sessions. After several wrong passwords, further attempts have to wait, as with sign-in. They are ' +
          'counted separately for each session, so that wrong passwords of strangers at sign-in do not delay me.',
        body: PasswordChange,
        response: { 204: NoBody('Changed') },
      },
      config: { failures: [WrongPassword, TooManyAttempts, PasswordTooCommon] },
    },
    async function changeMyPassword(request, reply) {
      const { currentPassword, newPassword } = request.body
      const { sessionId } = request.user
      const user = await confirmUser(request.user, currentPassword)
      const passwordHash = await passwords.hashNew(newPassword, user, knownCaller(user.id))
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
          'Mails a link to the new address, which takes effect when the link is confirmed. The old address gets a notice. The ' +
          'link becomes void when this session ends, also by signing out, and with any change of the password, address or ' +
          'status of the account.',
        body: EmailChange,
        response: { 202: NoBody('Accepted. The new address has to be confirmed.') },
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
