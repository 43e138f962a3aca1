import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { checkAuditAccess } from '../../db/queries/audit/audit-access.js'
import { recordOrganization } from '../../lib/audit/context.js'

/** For the routes around it: a super_admin reads everything, an org_admin what belongs to the organization that the query names. */
async function auditReaders(app: FastifyInstance) {
  app.addHook('preHandler', async function checkReader(request) {
    const { organizationId } = request.query as { organizationId?: string }
    if (organizationId !== undefined) recordOrganization(organizationId)
    await checkAuditAccess(app.db, request.user, organizationId)
  })
}

export default fp(auditReaders, { name: 'audit-readers', dependencies: ['db', 'auth'] })
