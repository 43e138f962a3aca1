import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { AccessClaims } from '../../lib/auth/access-tokens.js'
import {
  AccountDisabled,
  EmailTaken,
  InvalidToken,
  InvitationForAnother,
  PasswordTooCommon,
} from '../../lib/errors/errors.js'
import { MAILED_TOKEN_LIMIT } from '../../rate-limit/route-limits.js'
import { AcceptInvitation, Joined } from './schemas.js'

const invitationRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/accept',
    {
      schema: {
        tags: ['Organizations'],
        summary: 'Accept an invitation',
        description:
          'With the token from the mail, which proves the mailbox: nobody has to be signed in. `password`, `firstName` and ' +
          '`lastName` open an account, and are needed where the address has none that is active; where it has one, they ' +
          'are refused. An access token that is sent along has to be that of the account that is invited.',
        body: AcceptInvitation,
        response: { 200: Joined },
      },
      config: {
        public: true,
        identifiesUser: true,
        rateLimits: MAILED_TOKEN_LIMIT,
        failures: [InvalidToken, PasswordTooCommon, InvitationForAnother, AccountDisabled, EmailTaken],
      },
    },
    async function acceptByToken(request) {
      const { token, ...account } = request.body
      const caller = request.user as AccessClaims | null
      return app.invitations.accept({ token, ip: request.ip, account, callerId: caller?.userId })
    },
  )
}

export default invitationRoutes
