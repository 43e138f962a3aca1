import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { listInvitations, revokeInvitation } from '../../db/queries/organizations/invitations.js'
import { AlreadyMember } from '../../lib/errors/errors.js'
import { OrganizationParams } from '../../lib/schema/organization-schemas.js'
import { NoBody, ref } from '../../lib/schema/schemas.js'
import type { Tag } from '../../plugins/http/api-tags.js'
import { INVITATION_LIMITS } from '../../rate-limit/route-limits.js'
import {
  CreateInvitation,
  Invitation,
  InvitationPage,
  InvitationParams,
  InvitationQuery,
} from './invitation-schemas.js'

const tags: Tag[] = ['Organizations']

const invitationRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { invitations } = app
  app.addSchema(Invitation)

  app.get(
    '',
    {
      schema: {
        tags,
        summary: 'List the open invitations',
        description:
          'Lists invitations that can be accepted: not those that have expired or whose inviter may no longer invite.',
        params: OrganizationParams,
        querystring: InvitationQuery,
        response: { 200: InvitationPage },
      },
      config: { permission: 'invitations.read' },
    },
    async function listOpenInvitations(request) {
      return request.inOrganization((scope) => listInvitations(scope, request.query))
    },
  )

  app.post(
    '',
    {
      schema: {
        tags,
        summary: 'Invite a person by mail',
        description: 'The address needs no account. Inviting it again makes the older link void.',
        params: OrganizationParams,
        body: CreateInvitation,
        response: { 201: ref(Invitation) },
      },
      config: {
        permission: 'invitations.create',
        rateLimits: INVITATION_LIMITS,
        failures: [AlreadyMember],
      },
    },
    async function inviteByMail(request, reply) {
      const invitation = await request.inOrganization((scope) => invitations.create(scope, request.body))
      // Without a Location: there is no operation that reads a single invitation.
      return reply.code(201).send(invitation)
    },
  )

  app.delete(
    '/:invitationId',
    {
      schema: {
        tags,
        summary: 'Revoke an invitation',
        params: InvitationParams,
        response: { 204: NoBody('Revoked') },
      },
      config: { permission: 'invitations.delete' },
    },
    async function revokeOneInvitation(request, reply) {
      await request.inOrganization((scope) => revokeInvitation(scope, request.params.invitationId))
      return reply.code(204).send()
    },
  )
}

export default invitationRoutes
