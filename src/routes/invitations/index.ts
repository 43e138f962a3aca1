import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { AccessClaims } from '../../lib/auth/access-tokens.js'
import {
  AccountDisabled,
  EmailTaken,
  InvalidToken,
  InvitationForAnother,
  PasswordTooCommon,
} from '../../lib/errors/errors.js'
import type { Tag } from '../../plugins/http/api-tags.js'
import { MAILED_TOKEN_LIMIT } from '../../rate-limit/route-limits.js'
import { AcceptInvitation, Joined } from './schemas.js'

const tags: Tag[] = ['Organizations']

const invitationRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/accept',
    {
      schema: {
        tags,
        summary: 'Accept an invitation',
        description:
          'The token from the mail proves the mailbox, so that no access token is needed. If one is sent, it must belong to ' +
          'the invited account. `password`, `firstName` and `lastName` create an account. They are required when the address ' +
          'has no active account, and refused when it has one.',
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
