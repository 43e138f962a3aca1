import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import errors from '../../src/plugins/errors.js'
import httpMetrics from '../../src/plugins/http-metrics.js'
import metrics from '../../src/plugins/metrics.js'
import requestContext from '../../src/plugins/request-context.js'
import tracing from '../../src/plugins/tracing.js'
import { UNMEASURED } from './metrics.js'

/** What the plugins of an app that is put together by hand stand on: nobody is signed in, and nothing is measured or traced. */
export async function registerGround(app: FastifyInstance): Promise<void> {
  await app.register(fp(async () => undefined, { name: 'auth' }))
  await app.register(metrics, UNMEASURED)
  await app.register(httpMetrics)
  await app.register(requestContext)
  await app.register(tracing)
  await app.register(errors)
}
