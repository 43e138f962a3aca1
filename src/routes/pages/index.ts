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
 * The pages that mails link to. Opening one changes nothing, because mail scanners open links too; only the
 * button does. The token in the form is the only credential, without a cookie, so another site cannot forge a
 * request.
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

/** A malformed or missing token counts as an unknown one. */
const isAboutToken = ({ code, errors = [] }: Static<typeof Problem>): boolean =>
  code === 'INVALID_TOKEN' || errors.some(({ path }) => path === 'token')

export default pageRoutes
