import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { findAuditProblems } from '../../db/audit/triggers.js'
import { isAhead } from '../../db/lifecycle/readiness.js'
import { OperatorError } from '../../lib/errors/operator-error.js'

/** Refuses to start the server while changes would not be audited. */
async function audit(app: FastifyInstance) {
  app.addHook('onReady', async () => {
    const problems = await app.checkDatabase(async (sql) =>
      findAuditProblems(sql, { isAhead: await isAhead(sql) }),
    )
    if (problems.length > 0) throw new OperatorError(`${problems.join('; ')}. Run: npm run db:upgrade`)
  })
}

export default fp(audit, { name: 'audit', dependencies: ['db'] })
