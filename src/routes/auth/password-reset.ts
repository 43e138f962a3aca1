import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { enqueue } from '../../db/queries/jobs/outbox.js'
import { InvalidToken, PasswordTooCommon } from '../../lib/errors/errors.js'
import { NoBody } from '../../lib/schema/schemas.js'
import type { Tag } from '../../plugins/http/api-tags.js'
import { MAILED_TOKEN_LIMIT, mailLimits } from '../../rate-limit/route-limits.js'
import { Accepted, AddressOnly, PasswordReset } from './schemas.js'

const tags: Tag[] = ['Authentication']
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
          'Sends a mail with a link. All links that were sent work until one of them is used. When the mailbox already has ' +
          'several fresh links, no further mail is sent.',
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
          'Needs the token from the mail, which works once. Ends all sessions and all other links of the account. Activates ' +
          'an account that has no password yet.',
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
