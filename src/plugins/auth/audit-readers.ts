import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { checkAuditAccess } from '../../db/queries/audit/audit-access.js'
import { recordOrganization } from '../../lib/audit/context.js'

/**
 * Guards the routes registered with it: a super_admin may read everything, an org_admin only the organization
 * in the query parameter `organizationId`.
 */
async function auditReaders(app: FastifyInstance) {
  app.addHook('preHandler', async function checkReader(request) {
    const { organizationId } = request.query as { organizationId?: string }
    if (organizationId !== undefined) recordOrganization(organizationId)
    await checkAuditAccess(app.db, request.user, organizationId)
  })
}

export default fp(auditReaders, { name: 'audit-readers', dependencies: ['db', 'auth'] })
