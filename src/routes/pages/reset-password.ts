import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Db } from '../../db/driver/client.js'
import { findResetOwner } from '../../db/queries/accounts/credentials.js'
import { InvalidToken } from '../../lib/errors/errors.js'
import { MAILED_TOKEN_LIMIT } from '../../rate-limit/route-limits.js'
import { API_DOCS_PATH } from '../../views/api-docs.js'
import { newPasswordPage, passwordSetPage } from '../../views/reset-password.js'
import { DIFFERENT_PASSWORDS, type Refusals, refusalsOf } from './form-refusals.js'
import { Link, PasswordForm } from './schemas.js'

const PATH = '/reset-password'
const config = { public: true, rateLimits: MAILED_TOKEN_LIMIT } as const

const resetPasswordPage: FastifyPluginAsyncTypebox = async (app) => {
  const { db } = app
  const hasApiDocs = app.knownPaths.has(API_DOCS_PATH)

  app.get(
    PATH,
    { schema: { hide: true, querystring: Link }, config },
    async function askForPassword(request) {
      return newPasswordPage(await describeAccount(db, request.query.token))
    },
  )

  app.post(
    PATH,
    { schema: { hide: true, body: PasswordForm }, config, attachValidation: true },
    async function setPasswordByForm(request, reply) {
      const refusalsOfSchema = request.validationError && refusalsOf(request.validationError)
      const { token, password, passwordRepeat } = request.body
      const account = await describeAccount(db, token)
      const refusals =
        refusalsOfSchema ??
        (password === passwordRepeat ? await trySetting(token, password, request.ip) : DIFFERENT_PASSWORDS)
      if (refusals === undefined) return passwordSetPage({ hasApiDocs })
      return reply.code(400).send(newPasswordPage({ ...account, refusal: refusals.password }))
    },
  )

  /** Returns why the password was refused, or undefined when it was set. */
  async function trySetting(token: string, password: string, ip: string): Promise<Refusals | undefined> {
    try {
      await app.resetPassword(token, password, ip)
      return undefined
    } catch (error) {
      return refusalsOf(error as Error)
    }
  }
}

/**
 * Reveals the address of the account, because the token proves the mailbox.
 *
 * @throws {InvalidToken} when the token is unknown, expired, used or void
 */
async function describeAccount(db: Db, token: string) {
  const owner = await findResetOwner(db, token)
  if (!owner) throw new InvalidToken()
  return { token, email: owner.email, isFirst: owner.passwordHash === null }
}

export default resetPasswordPage
