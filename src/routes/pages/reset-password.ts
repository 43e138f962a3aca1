import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { Db } from '../../db/client.js'
import { findResetOwner } from '../../db/queries/credentials.js'
import { InvalidToken, PasswordTooCommon } from '../../lib/errors.js'
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../../lib/passwords.js'
import { MAILED_TOKEN_LIMIT } from '../../lib/rate-limit/shared.js'
import { newPasswordPage, passwordSetPage } from '../../views/reset-password.js'
import { Link, PasswordForm } from './schemas.js'

const PATH = '/reset-password'
const config = { public: true, rateLimits: MAILED_TOKEN_LIMIT } as const

const DIFFERENT = 'The two passwords differ. Enter the same one in both fields.'

const LENGTH_ERRORS: Record<string, string> = {
  minLength: `This password is too short: it needs at least ${PASSWORD_MIN_LENGTH} characters.`,
  maxLength: `This password is too long: it can have at most ${PASSWORD_MAX_LENGTH} characters.`,
}

const resetPasswordPage: FastifyPluginAsyncTypebox = async (app) => {
  const { db } = app

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
      const lengthError = lengthErrorOf(request)
      const { token, password, passwordRepeat } = request.body
      const account = await describeAccount(db, token)
      const refusal =
        lengthError ?? (password === passwordRepeat ? await trySetting(token, password) : DIFFERENT)
      if (refusal === undefined) return passwordSetPage()
      return reply.code(400).send(newPasswordPage({ ...account, refusal }))
    },
  )

  /** Answers what is wrong with the password. */
  async function trySetting(token: string, password: string): Promise<string | undefined> {
    try {
      await app.resetPassword(token, password)
      return undefined
    } catch (error) {
      if (error instanceof PasswordTooCommon) return error.message
      throw error
    }
  }
}

/** Only whoever holds the link, and so the mailbox, learns whose account it is. Throws InvalidToken. */
async function describeAccount(db: Db, token: string) {
  const owner = await findResetOwner(db, token)
  if (!owner) throw new InvalidToken()
  return { token, email: owner.email, isFirst: owner.passwordHash === null }
}

/** A password's length is told at its field; whatever else does not fit comes from no browser. */
function lengthErrorOf({ validationError }: FastifyRequest): string | undefined {
  if (!validationError) return undefined
  const failures = validationError.validation as { instancePath: string; keyword: string }[]
  const [first] = failures
  const message = LENGTH_ERRORS[first?.keyword ?? '']
  if (failures.length > 1 || first?.instancePath !== '/password' || !message) throw validationError
  return message
}

export default resetPasswordPage
