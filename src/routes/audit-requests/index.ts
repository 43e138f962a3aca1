import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { getAuditRequest, listAuditRequests } from '../../db/queries/audit/audit-requests.js'
import { Forbidden } from '../../lib/errors/errors.js'
import { IdParams, ref } from '../../lib/schema/schemas.js'
import auditReaders from '../../plugins/auth/audit-readers.js'
import type { Tag } from '../../plugins/http/api-tags.js'
import { AuditRequest, AuditRequestPage, AuditRequestQuery, RequestQuery } from './schemas.js'

const tags: Tag[] = ['Audit log']
const config = { failures: [Forbidden] } as const

const auditRequestRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { db } = app
  app.addSchema(AuditRequest)
  await app.register(auditReaders)

  app.get(
    '',
    {
      schema: {
        tags,
        summary: 'Search request records',
        description:
          'A record says what became of a request. Every request that may change something has one, and so has every ' +
          'refused request and every security event. `requestId` links it to its audit log entries. A record is readable ' +
          'shortly after the response. A `super_admin` can read all records. An `org_admin` can read those of their ' +
          'organization, and has to send its `organizationId`. Other users get a 403.',
        querystring: AuditRequestQuery,
        response: { 200: AuditRequestPage },
      },
      config,
    },
    async function searchAuditRequests(request) {
      return listAuditRequests(db, request.query)
    },
  )

  app.get(
    '/:id',
    {
      schema: {
        tags,
        summary: 'Get a request record',
        params: IdParams,
        querystring: RequestQuery,
        response: { 200: ref(AuditRequest) },
      },
      config,
    },
    async function getOneAuditRequest(request) {
      return getAuditRequest(db, request.params.id, request.query.organizationId)
    },
  )
}

export default auditRequestRoutes
