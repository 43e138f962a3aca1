import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { getAuditRequest, listAuditRequests } from '../../db/queries/audit-requests.js'
import { IdParams, ref } from '../../lib/schemas.js'
import { withTimes } from '../../lib/time-range.js'
import { AuditRequest, AuditRequestPage, AuditRequestQuery } from './schemas.js'

const tags = ['Audit log']
const config = { role: 'super_admin' } as const

const auditRequestRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { db } = app
  app.addSchema(AuditRequest)

  app.get(
    '',
    {
      schema: {
        tags,
        summary: 'Search what became of requests',
        description:
          'Every request that wanted to change something, every one that was refused, and every event with a name, with ' +
          'its outcome. `requestId` joins it to its entries. It can be read a moment after the answer.',
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
        response: { 200: ref(AuditRequest) },
      },
      config,
    },
    async function getOneAuditRequest(request) {
      return getAuditRequest(db, request.params.id)
    },
  )
}

export default auditRequestRoutes
