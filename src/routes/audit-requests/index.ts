import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { getAuditRequest, listAuditRequests } from '../../db/queries/audit/audit-requests.js'
import { Forbidden } from '../../lib/errors/errors.js'
import { IdParams, ref } from '../../lib/schema/schemas.js'
import { withTimes } from '../../lib/schema/time-range.js'
import auditReaders from '../../plugins/auth/audit-readers.js'
import { AuditRequest, AuditRequestPage, AuditRequestQuery, RequestQuery } from './schemas.js'

const tags = ['Audit log']
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
        summary: 'Search what became of requests',
        description:
          'Every request that wanted to change something, every one that was refused, and every event with a name, with ' +
          'its outcome. `requestId` joins it to its entries. It can be read a moment after the answer. A super_admin reads ' +
          'all, an `org_admin` those about an organization that `organizationId` names; other users get a 403.',
        querystring: AuditRequestQuery,
        response: { 200: AuditRequestPage },
      },
      config,
    },
    async function searchAuditRequests(request) {
      return listAuditRequests(db, withTimes(request.query))
    },
  )

  app.get(
    '/:id',
    {
      schema: {
        tags,
        summary: 'Read what became of a request',
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
