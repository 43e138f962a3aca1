// Plain JavaScript, so that it runs without a loader, like the build that it is compared with.
import fastifyRateLimit from '@fastify/rate-limit'
import Fastify from 'fastify'
import fp from 'fastify-plugin'
import { Redis } from 'ioredis'
import errors from '../../dist/plugins/http/errors.js'
import httpMetrics from '../../dist/plugins/http/http-metrics.js'
import requestContext from '../../dist/plugins/http/request-context.js'
import metrics from '../../dist/plugins/infra/metrics.js'
import rateLimit from '../../dist/plugins/infra/rate-limit.js'
import tracing from '../../dist/plugins/infra/tracing.js'

/** One limited route with the plugins that both sides need. SIDE selects the rate limiter. */
const { SIDE, REDIS_URL, LIMIT, WINDOW_SECONDS, STRATEGY } = process.env
const app = Fastify({ trustProxy: ['127.0.0.1'] })
await app.register(fp(async () => {}, { name: 'auth' }))
await app.register(metrics, { service: 'api' })
await app.register(httpMetrics)
await app.register(requestContext)
await app.register(tracing)
await app.register(errors)
let config
if (SIDE === 'ours') {
  await app.register(rateLimit, { isOn: true, redisUrl: REDIS_URL, keyPrefix: 'groundwork:limit:' })
  config = {
    rateLimits: { limit: `${LIMIT} per ${WINDOW_SECONDS} seconds`, key: 'address', strategy: STRATEGY },
  }
} else {
  const redis = new Redis(REDIS_URL, { maxRetriesPerRequest: 0 })
  await app.register(fastifyRateLimit, { global: false, redis })
  config = { rateLimit: { max: Number(LIMIT), timeWindow: WINDOW_SECONDS * 1000 } }
}
app.get('/limited', { config }, async () => ({ status: 'ok' }))

process.send({ ready: await app.listen({ host: '127.0.0.1', port: 0 }) })
process.on('disconnect', () => process.exit())
