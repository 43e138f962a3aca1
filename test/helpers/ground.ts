import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import errors from '../../src/plugins/http/errors.js'
import httpMetrics from '../../src/plugins/http/http-metrics.js'
import requestContext from '../../src/plugins/http/request-context.js'
import metrics from '../../src/plugins/infra/metrics.js'
import tracing from '../../src/plugins/infra/tracing.js'
import { UNMEASURED } from './metrics.js'

/**
 * Registers the base plugins for an app built by hand, without authentication, metrics and tracing.
 */
export async function registerGround(app: FastifyInstance): Promise<void> {
  await app.register(fp(async () => undefined, { name: 'auth' }))
  await app.register(metrics, UNMEASURED)
  await app.register(httpMetrics)
  await app.register(requestContext)
  await app.register(tracing)
  await app.register(errors)
}
