import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { bypassesRowSecurity, findTenancyProblems } from '../../db/tenancy/check.js'
import { OperatorError } from '../../lib/errors/operator-error.js'

const BYPASSED =
  'The role of DATABASE_URL is a superuser or has BYPASSRLS: row-level security does not separate organizations. Use a role without either'

/**
 * Refuses to start the server unless row-level security separates the organizations and applies to its role.
 */
async function rowSecurity(app: FastifyInstance, { isProduction }: { isProduction: boolean }) {
  app.addHook('onReady', async () => {
    const problems = await app.checkDatabase(findTenancyProblems)
    if (problems.length > 0) throw new OperatorError(`${problems.join('; ')}. Run: npm run db:upgrade`)
    if (!(await app.checkDatabase(bypassesRowSecurity))) return
    if (isProduction) throw new OperatorError(BYPASSED)
    app.log.warn(BYPASSED)
  })
}

export default fp(rowSecurity, { name: 'row-security', dependencies: ['db'] })
