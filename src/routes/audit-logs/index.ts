import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { getAuditEntry, listAuditEntries } from '../../db/queries/audit-log.js'
import { IdParams, ref } from '../../lib/schemas.js'
import { AuditEntry, AuditPage, AuditQuery } from './schemas.js'

const tags = ['Audit log']
const config = { role: 'super_admin' } as const

const auditLogRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { db } = app
  app.addSchema(AuditEntry)

  app.get(
    '',
    {
      schema: {
        tags,
        summary: 'Search the audit log',
        description: 'An entry can be read as soon as the write that it tells of is answered.',
        querystring: AuditQuery,
        response: { 200: AuditPage },
      },
      config,
    },
    async function searchAuditLog(request) {
      const { from, to, ...filters } = request.query
      return listAuditEntries(db, {
        ...filters,
        ...(from !== undefined && { from: new Date(from) }),
        ...(to !== undefined && { to: new Date(to) }),
      })
    },
  )

  app.get(
    '/:id',
    {
      schema: { tags, summary: 'Read an audit entry', params: IdParams, response: { 200: ref(AuditEntry) } },
      config,
    },
    async function getAuditLogEntry(request) {
      return getAuditEntry(db, request.params.id)
    },
  )
}

export default auditLogRoutes
