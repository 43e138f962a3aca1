import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { enqueue } from '../../db/queries/jobs/outbox.js'
import { PageQuery } from '../../lib/schema/schemas.js'
import { mailLimits } from '../../rate-limit/route-limits.js'
import { forgotPasswordPage, linkSentPage } from '../../views/forgot-password.js'
import { AddressForm } from './schemas.js'

const PATH = '/forgot-password'
const config = { public: true } as const

/** Where mails and password managers send people who need a new password. */
const forgotPasswordPages: FastifyPluginAsyncTypebox = async (app) => {
  const { db } = app

  app.get(
    PATH,
    { schema: { hide: true, querystring: PageQuery({}) }, config },
    async function askForAddress() {
      return forgotPasswordPage()
    },
  )

  app.post(
    PATH,
    {
      schema: { hide: true, body: AddressForm },
      // The same as the operation of the API: the page is no second allowance.
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
