import formBody from '@fastify/formbody'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import { UnsupportedMediaType } from '../../lib/errors.js'
import type { Problem } from '../../lib/problem-schema.js'
import { settleFailure } from '../../plugins/errors.js'
import { isPlainUtf8 } from '../../plugins/json-body.js'
import { failurePage } from '../../views/failure.js'
import { HTML_MEDIA_TYPE } from '../../views/layout.js'
import { linkNotValidPage } from '../../views/link-not-valid.js'
import resetPasswordPage from './reset-password.js'
import verifyEmailPage from './verify-email.js'

/** Two passwords of the greatest length, percent-encoded, several times over. */
const FORM_LIMIT_BYTES = 16_384

/**
 * The pages that mails link to. Opening one changes nothing, for mail scanners open links, too: the button does.
 * Forms carry the token and nothing else proves who sends them, so another site has nothing to forge.
 */
const pageRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.removeAllContentTypeParsers()
  await app.register(formBody, { bodyLimit: FORM_LIMIT_BYTES })
  app.setErrorHandler(answerWithPage)
  app.addHook('onRequest', async (_request, reply) => {
    reply.type(HTML_MEDIA_TYPE)
  })
  app.addHook('preParsing', async ({ headers }) => {
    if (!isPlainUtf8(headers)) throw new UnsupportedMediaType()
  })

  await app.register(verifyEmailPage)
  await app.register(resetPasswordPage)
}

function answerWithPage(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const problem = settleFailure(error, request, reply)
  return reply.type(HTML_MEDIA_TYPE).send(isAboutToken(problem) ? linkNotValidPage() : failurePage(problem))
}

/** One that no token can look like, or none at all, is as good as an unknown one. */
const isAboutToken = ({ code, errors = [] }: Static<typeof Problem>): boolean =>
  code === 'INVALID_TOKEN' || errors.some(({ path }) => path === 'token')

export default pageRoutes
