import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { createOrganization, getOrganization } from '../../db/queries/organizations.js'
import { SlugReserved, SlugTaken } from '../../lib/errors.js'
import { Organization, OrganizationParams } from '../../lib/organization-schemas.js'
import { ref } from '../../lib/schemas.js'
import { CreateOrganization } from './schemas.js'

const tags = ['Organizations']

const organizationRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { db } = app

  app.post(
    '',
    {
      schema: {
        tags,
        summary: 'Create an organization',
        description: 'Whoever creates one is its `org_admin`. Without a slug, one is made of the name.',
        body: CreateOrganization,
        response: { 201: ref(Organization) },
      },
      config: { failures: [SlugTaken, SlugReserved] },
    },
    async function createOneOrganization(request, reply) {
      const organization = await createOrganization(db, request.user.userId, request.body)
      return reply
        .code(201)
        .header('location', `${request.routeOptions.url}/${organization.id}`)
        .send(organization)
    },
  )

  app.get(
    '/:organizationId',
    {
      schema: {
        tags,
        summary: 'Read an organization',
        params: OrganizationParams,
        response: { 200: ref(Organization) },
      },
      config: { permission: 'organizations.read' },
    },
    async function getOneOrganization(request) {
      return request.inOrganization(getOrganization)
    },
  )
}

export default organizationRoutes
