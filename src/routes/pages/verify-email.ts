import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { findMailedToken } from '../../db/queries/accounts/mailed-tokens.js'
import { verifyEmail } from '../../db/queries/accounts/registration.js'
import { InvalidToken } from '../../lib/errors/errors.js'
import { MAILED_TOKEN_LIMIT } from '../../rate-limit/route-limits.js'
import { API_DOCS_PATH } from '../../views/api-docs.js'
import { confirmEmailPage, emailConfirmedPage } from '../../views/verify-email.js'
import { Link, TokenForm } from './schemas.js'

const PATH = '/verify-email'
const config = { public: true, rateLimits: MAILED_TOKEN_LIMIT } as const

const verifyEmailPage: FastifyPluginAsyncTypebox = async (app) => {
  const { db } = app
  const hasApiDocs = app.knownPaths.has(API_DOCS_PATH)

  app.get(
    PATH,
    { schema: { hide: true, querystring: Link }, config },
    async function askToConfirmEmail(request) {
      const { token } = request.query
      const link = await findMailedToken(db, 'verify_email', token)
      if (!link) throw new InvalidToken()
      return confirmEmailPage({ token, email: link.email })
    },
  )

  app.post(
    PATH,
    { schema: { hide: true, body: TokenForm }, config },
    async function confirmEmailByForm(request) {
      await verifyEmail(db, request.body.token, request.ip)
      return emailConfirmedPage({ hasApiDocs })
    },
  )
}

export default verifyEmailPage
