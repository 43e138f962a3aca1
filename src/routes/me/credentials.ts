import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { changePassword } from '../../db/queries/credentials.js'
import { enqueue } from '../../db/queries/outbox.js'
import { findUserById } from '../../db/queries/users.js'
import type { User } from '../../db/schema/users.js'
import { normalizeEmail } from '../../lib/email.js'
import { PasswordTooCommon, TooManyAttempts, Unauthorized, WrongPassword } from '../../lib/errors.js'
import { provenCaller } from '../../lib/hashing-callers.js'
import { NoBody } from '../../lib/schemas.js'
import { EmailChange, PasswordChange } from './schemas.js'

const tags = ['My account']

/** What needs the password again: an access token alone, stolen or left on a shared machine, must not be enough. */
const myCredentialRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { db, accessList, passwords, signInGuard } = app

  async function confirmUser(userId: string, password: string): Promise<User> {
    const user = await findUserById(db, userId)
    if (!user) throw new Unauthorized()
    if (!(await signInGuard.fits({ email: user.email, user, password, caller: provenCaller(userId) })))
      throw new WrongPassword()
    return user
  }

  app.post(
    '/change-password',
    {
      schema: {
        tags,
        summary: 'Change my password',
        description:
          'Ends all my other sessions. Wrong passwords are slowed down as they are when signing in.',
        body: PasswordChange,
        response: { 204: NoBody('Changed') },
      },
      config: { failures: [WrongPassword, TooManyAttempts, PasswordTooCommon] },
    },
    async function changeMyPassword(request, reply) {
      const { userId, sessionId } = request.user
      const { currentPassword, newPassword } = request.body
      const user = await confirmUser(userId, currentPassword)
      await changePassword(
        db,
        userId,
        sessionId,
        await passwords.hashNew(newPassword, user, provenCaller(userId)),
      )
      await accessList.settle()
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
          'The new address takes effect when the link that is mailed to it is opened; the old one is told.',
        body: EmailChange,
        response: { 202: NoBody('Accepted: the new mailbox has to confirm') },
      },
      config: { failures: [WrongPassword, TooManyAttempts] },
    },
    async function changeMyEmail(request, reply) {
      const { email, password } = request.body
      const { id: userId } = await confirmUser(request.user.userId, password)
      const payload = { userId, email: normalizeEmail(email) }
      await db.transaction((tx) => enqueue(tx, 'request-email-change', payload))
      return reply.code(202).send()
    },
  )
}

export default myCredentialRoutes
