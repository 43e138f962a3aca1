import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { register, verifyEmail } from '../../db/queries/accounts/registration.js'
import { enqueue } from '../../db/queries/jobs/outbox.js'
import { anonymousCaller } from '../../lib/auth/passwords.js'
import { EmailTaken, InvalidToken, PasswordTooCommon } from '../../lib/errors/errors.js'
import { NoBody } from '../../lib/schema/schemas.js'
import { RegisterUser } from '../../lib/schema/user-schemas.js'
import type { Tag } from '../../plugins/http/api-tags.js'
import { MAILED_TOKEN_LIMIT, mailLimits } from '../../rate-limit/route-limits.js'
import { Accepted, AddressOnly, TokenOnly } from './schemas.js'

const tags: Tag[] = ['Authentication']
const config = { public: true } as const

const registrationRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { db, passwords } = app

  app.post(
    '/register',
    {
      schema: {
        tags,
        summary: 'Register',
        description:
          'Sends a mail with a link that confirms the address and activates the password and names of this registration. If ' +
          'the address already has an account, its owner gets a notice instead. After several registrations of one address, ' +
          'the link of a further one asks for a new password. Unconfirmed registrations are deleted after two weeks.',
        body: RegisterUser,
        response: { 202: Accepted },
      },
      config: {
        ...config,
        rateLimits: { name: 'register', limit: '5/minute', key: 'address' },
        failures: [PasswordTooCommon],
      },
    },
    async function registerUser(request, reply) {
      const { password, ...person } = request.body
      const passwordHash = await passwords.hashNew(password, person, anonymousCaller(request.ip))
      await register(db, { ...person, passwordHash })
      return reply.code(202).send()
    },
  )

  app.post(
    '/verify-email',
    {
      schema: {
        tags,
        summary: 'Confirm an e-mail address',
        description:
          'Needs the token from the mail, for a new account or a changed address. Ends all other links of the account.',
        body: TokenOnly,
        response: { 204: NoBody('Confirmed') },
      },
      config: { ...config, rateLimits: MAILED_TOKEN_LIMIT, failures: [InvalidToken, EmailTaken] },
    },
    async function confirmEmail(request, reply) {
      await verifyEmail(db, request.body.token, request.ip)
      return reply.code(204).send()
    },
  )

  app.post(
    '/resend-verification',
    {
      schema: {
        tags,
        summary: 'Send the confirmation mail again',
        description:
          'Older links stay valid. If the address was registered several times, the new link asks for a new password. When ' +
          'the mailbox already has several fresh links, no further mail is sent.',
        body: AddressOnly,
        response: { 202: Accepted },
      },
      config: { ...config, rateLimits: mailLimits('resend-verification') },
    },
    async function resendVerification(request, reply) {
      const { email } = request.body
      await db.transaction((tx) => enqueue(tx, 'request-verification', { email }))
      return reply.code(202).send()
    },
  )
}

export default registrationRoutes
