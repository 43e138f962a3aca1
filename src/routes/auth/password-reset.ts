import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { enqueue } from '../../db/queries/jobs/outbox.js'
import { InvalidToken, PasswordTooCommon } from '../../lib/errors/errors.js'
import { NoBody } from '../../lib/schema/schemas.js'
import { MAILED_TOKEN_LIMIT, mailLimits } from '../../rate-limit/route-limits.js'
import { Accepted, AddressOnly, PasswordReset } from './schemas.js'

const tags = ['Authentication']
const config = { public: true } as const

const passwordResetRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { db } = app

  app.post(
    '/forgot-password',
    {
      schema: {
        tags,
        summary: 'Ask for a new password',
        description:
          'A mail has the link. Each of those that were sent works until one is used; once several fresh ones lie in the mailbox, ' +
          'no other is sent.',
        body: AddressOnly,
        response: { 202: Accepted },
      },
      config: { ...config, rateLimits: mailLimits('forgot-password') },
    },
    async function forgotPassword(request, reply) {
      const { email } = request.body
      await db.transaction((tx) => enqueue(tx, 'request-password-reset', { email }))
      return reply.code(202).send()
    },
  )

  app.post(
    '/reset-password',
    {
      schema: {
        tags,
        summary: 'Set a new password',
        description:
          'With the token from the mail, once. Ends every session and every other link, and activates an account that waits for its first password.',
        body: PasswordReset,
        response: { 204: NoBody('Set') },
      },
      config: { ...config, rateLimits: MAILED_TOKEN_LIMIT, failures: [InvalidToken, PasswordTooCommon] },
    },
    async function setNewPassword(request, reply) {
      const { token, password } = request.body
      await app.resetPassword(token, password, request.ip)
      return reply.code(204).send()
    },
  )
}

export default passwordResetRoutes
