import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { enqueue } from '../../db/queries/jobs/outbox.js'
import { LinkedPageQuery } from '../../lib/schema/schemas.js'
import { mailLimits } from '../../rate-limit/route-limits.js'
import { forgotPasswordPage, linkSentPage } from '../../views/forgot-password.js'
import { AddressForm } from './schemas.js'

const PATH = '/forgot-password'
const config = { public: true } as const

/** The target of mails and password managers for users who need a new password. */
const forgotPasswordPages: FastifyPluginAsyncTypebox = async (app) => {
  const { db } = app

  app.get(
    PATH,
    { schema: { hide: true, querystring: LinkedPageQuery({}) }, config },
    async function askForAddress() {
      return forgotPasswordPage()
    },
  )

  app.post(
    PATH,
    {
      schema: { hide: true, body: AddressForm },
      // The same limits as the API operation, which count the requests of both together.
      config: { ...config, rateLimits: mailLimits('forgot-password') },
      attachValidation: true,
    },
    async function requestPasswordByForm(request, reply) {
      if (request.validationError) {
        const { email } = (request.body ?? {}) as { email?: unknown }
        return reply.code(400).send(forgotPasswordPage({ refused: typeof email === 'string' ? email : '' }))
      }
      const { email } = request.body
      await db.transaction((tx) => enqueue(tx, 'request-password-reset', { email }))
      return linkSentPage(email)
    },
  )
}

export default forgotPasswordPages
