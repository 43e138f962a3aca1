import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Db } from '../../db/driver/client.js'
import { findOpenInvitation, type Joined } from '../../db/queries/organizations/accept-invitation.js'
import { AccountDisabled, EmailTaken, InvalidToken } from '../../lib/errors/errors.js'
import { MAILED_TOKEN_LIMIT } from '../../rate-limit/route-limits.js'
import { invitationAcceptedPage, invitationPage } from '../../views/accept-invitation.js'
import { API_DOCS_PATH } from '../../views/api-docs.js'
import { DIFFERENT_PASSWORDS, type Refusals, refusalsOf } from './form-refusals.js'
import { InvitationForm, Link } from './schemas.js'

const PATH = '/accept-invitation'
const config = { public: true, rateLimits: MAILED_TOKEN_LIMIT } as const

type Outcome = { joined: Joined } | { refusals: Refusals }

const acceptInvitationPage: FastifyPluginAsyncTypebox = async (app) => {
  const { db } = app
  const hasApiDocs = app.knownPaths.has(API_DOCS_PATH)

  app.get(PATH, { schema: { hide: true, querystring: Link }, config }, async function askToJoin(request) {
    return invitationPage(await describeInvitation(db, request.query.token))
  })

  app.post(
    PATH,
    { schema: { hide: true, body: InvitationForm }, config, attachValidation: true },
    async function joinByForm(request, reply) {
      const refusalsOfSchema = request.validationError && refusalsOf(request.validationError)
      const { token, passwordRepeat, ...account } = request.body
      const refused =
        refusalsOfSchema ?? (account.password === passwordRepeat ? undefined : DIFFERENT_PASSWORDS)
      const outcome = refused ? { refusals: refused } : await tryAccepting({ token, account, ip: request.ip })
      if ('joined' in outcome)
        return invitationAcceptedPage({ organization: outcome.joined.organization.name, hasApiDocs })
      const { refusals } = outcome
      const invitation = await describeInvitation(db, token)
      return reply.code(400).send(invitationPage({ ...invitation, refusals, typed: account }))
    },
  )

  async function tryAccepting(acceptance: Parameters<typeof app.invitations.accept>[0]): Promise<Outcome> {
    try {
      return { joined: await app.invitations.accept(acceptance) }
    } catch (error) {
      // The account became active meanwhile: the page now shows only the button.
      return { refusals: error instanceof EmailTaken ? {} : refusalsOf(error as Error) }
    }
  }
}

/**
 * Reveals the address and the organization, because the token proves the mailbox.
 *
 * @throws {InvalidToken} when the token is unknown, expired, used or withdrawn
 * @throws {AccountDisabled} when the account of the address is disabled
 */
async function describeInvitation(db: Db, token: string) {
  const open = await findOpenInvitation(db, { token })
  if (!open) throw new InvalidToken()
  const { invitation, organization, account } = open
  if (account?.status === 'disabled') throw new AccountDisabled()
  const { email, role } = invitation
  return { token, email, role, organization: organization.name, hasAccount: account?.status === 'active' }
}

export default acceptInvitationPage
