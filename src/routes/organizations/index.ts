import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { listOrganizations } from '../../db/queries/organizations/organization-lists.js'
import {
  createOrganization,
  deleteOrganization,
  getOrganization,
  updateOrganization,
} from '../../db/queries/organizations/organizations.js'
import { SlugReserved, SlugTaken } from '../../lib/errors/errors.js'
import { locationOf } from '../../lib/http/location.js'
import {
  CreateOrganization,
  Organization,
  OrganizationParams,
  UpdateOrganization,
} from '../../lib/schema/organization-schemas.js'
import { NoBody, ref } from '../../lib/schema/schemas.js'
import invitationRoutes from './invitations.js'
import memberRoutes from './members.js'
import { OrganizationPage, OrganizationQuery } from './schemas.js'

const organizationRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const tags = app.tag(
    'Organizations',
    'Tenants, their members and invitations. Each sees only its own data.',
  )
  const { db } = app

  app.get(
    '',
    {
      schema: {
        tags,
        summary: 'List my organizations',
        description: 'A `super_admin` gets all organizations.',
        querystring: OrganizationQuery,
        response: { 200: OrganizationPage },
      },
    },
    async function listVisibleOrganizations(request) {
      return listOrganizations(db, request.user, request.query)
    },
  )

  app.post(
    '',
    {
      schema: {
        tags,
        summary: 'Create an organization',
        description:
          'The caller becomes its `org_admin`. Without `slug`, one is derived from the name, with a number if it is taken.',
        body: CreateOrganization,
        response: { 201: ref(Organization) },
      },
      config: { failures: [SlugTaken, SlugReserved] },
    },
    async function createOneOrganization(request, reply) {
      const organization = await createOrganization(db, request.user.userId, request.body)
      return reply.code(201).header('location', locationOf(request, organization.id)).send(organization)
    },
  )

  app.get(
    '/:organizationId',
    {
      schema: {
        tags,
        summary: 'Get an organization',
        params: OrganizationParams,
        response: { 200: ref(Organization) },
      },
      config: { permission: 'organizations.read' },
    },
    async function getOneOrganization(request) {
      return request.inOrganization(getOrganization)
    },
  )

  app.patch(
    '/:organizationId',
    {
      schema: {
        tags,
        summary: 'Update an organization',
        params: OrganizationParams,
        body: UpdateOrganization,
        response: { 200: ref(Organization) },
      },
      config: { permission: 'organizations.update', failures: [SlugTaken, SlugReserved] },
    },
    async function updateOneOrganization(request) {
      return request.inOrganization((scope) => updateOrganization(scope, request.body))
    },
  )

  app.delete(
    '/:organizationId',
    {
      schema: {
        tags,
        summary: 'Delete an organization',
        description:
          'The organization is gone at once. A job then deletes everything that belongs to it. The accounts of its members ' +
          'are kept.',
        params: OrganizationParams,
        response: { 204: NoBody('Deleted') },
      },
      config: { permission: 'organizations.delete' },
    },
    async function deleteOneOrganization(request, reply) {
      await request.inOrganization(deleteOrganization)
      return reply.code(204).send()
    },
  )

  await app.register(memberRoutes, { prefix: '/:organizationId/members' })
  await app.register(invitationRoutes, { prefix: '/:organizationId/invitations' })
}

export default organizationRoutes
