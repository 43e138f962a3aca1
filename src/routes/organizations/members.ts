import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  endMemberSessions,
  listMembers,
  removeMember,
  updateMember,
} from '../../db/queries/organizations/memberships.js'
import { Forbidden, LastOrgAdmin } from '../../lib/errors/errors.js'
import { OrganizationParams } from '../../lib/schema/organization-schemas.js'
import { NoBody, ref } from '../../lib/schema/schemas.js'
import type { Tag } from '../../plugins/http/api-tags.js'
import { Member, MemberPage, MemberParams, MemberQuery, UpdateMember } from './schemas.js'

const tags: Tag[] = ['Organizations']

const memberRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { revocationList } = app
  app.addSchema(Member)

  app.get(
    '',
    {
      schema: {
        tags,
        summary: 'List the members of an organization',
        params: OrganizationParams,
        querystring: MemberQuery,
        response: { 200: MemberPage },
      },
      config: { permission: 'members.read' },
    },
    async function listOrganizationMembers(request) {
      return request.inOrganization((scope) => listMembers(scope, request.query))
    },
  )

  app.patch(
    '/:userId',
    {
      schema: {
        tags,
        summary: "Change a member's role",
        params: MemberParams,
        body: UpdateMember,
        response: { 200: ref(Member) },
      },
      config: { permission: 'members.update', failures: [LastOrgAdmin] },
    },
    async function updateOrganizationMember(request) {
      const { params, body } = request
      return request.inOrganization((scope) => updateMember(scope, params.userId, body.role))
    },
  )

  app.delete(
    '/:userId',
    {
      schema: {
        tags,
        summary: 'Remove a member, or leave',
        description:
          'Members may remove themselves. An `org_admin` may remove any member. The account is kept.',
        params: MemberParams,
        response: { 204: NoBody('Removed') },
      },
      config: { permission: 'members.leave', failures: [Forbidden, LastOrgAdmin] },
    },
    async function removeOrganizationMember(request, reply) {
      await request.inOrganization((scope) => removeMember(scope, request.params.userId))
      return reply.code(204).send()
    },
  )

  app.delete(
    '/:userId/sessions',
    {
      schema: {
        tags,
        summary: 'End all sessions of a member',
        description:
          'Signs the member out on all devices at once, for example when one is lost. Only a `super_admin` may do so for a ' +
          '`super_admin`.',
        params: MemberParams,
        response: { 204: NoBody('Ended') },
      },
      config: { permission: 'members.end_sessions' },
    },
    async function endSessionsOfMember(request, reply) {
      await request.inOrganization((scope) => endMemberSessions(scope, request.params.userId))
      await revocationList.settle()
      return reply.code(204).send()
    },
  )
}

export default memberRoutes
