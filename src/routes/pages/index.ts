import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import type { Problem } from '../../lib/schema/problem-schema.js'
import { settleFailure } from '../../plugins/http/errors.js'
import formBody from '../../plugins/http/form-body.js'
import { API_DOCS_PATH } from '../../views/api-docs.js'
import { failurePage } from '../../views/failure.js'
import { HTML_MEDIA_TYPE } from '../../views/layout.js'
import { linkNotValidPage } from '../../views/link-not-valid.js'
import acceptInvitationPage from './accept-invitation.js'
import forgotPasswordPages from './forgot-password.js'
import resetPasswordPage from './reset-password.js'
import verifyEmailPage from './verify-email.js'

/**
 * The pages that mails link to. Opening one changes nothing, for mail scanners open links, too: the button does.
 * Forms carry the token and nothing else proves who sends them, so another site has nothing to forge.
 */
const pageRoutes: FastifyPluginAsyncTypebox = async (app) => {
  await app.register(formBody)
  app.setErrorHandler(answerWithPage)
  app.addHook('onRequest', async (_request, reply) => {
    reply.type(HTML_MEDIA_TYPE)
  })

  await app.register(verifyEmailPage)
  await app.register(resetPasswordPage)
  await app.register(forgotPasswordPages)
  await app.register(acceptInvitationPage)
}

function answerWithPage(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const problem = settleFailure(error, request, reply)
  const hasApiDocs = request.server.knownPaths.has(API_DOCS_PATH)
  return reply
    .type(HTML_MEDIA_TYPE)
    .send(isAboutToken(problem) ? linkNotValidPage(hasApiDocs) : failurePage(problem))
}

/** One that no token can look like, or none at all, is as good as an unknown one. */
const isAboutToken = ({ code, errors = [] }: Static<typeof Problem>): boolean =>
  code === 'INVALID_TOKEN' || errors.some(({ path }) => path === 'token')

export default pageRoutes
