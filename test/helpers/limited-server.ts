/**
 * A program with one route, limited as in the application, with a window short enough for a test.
 */
import Fastify from 'fastify'
import rateLimit from '../../src/plugins/infra/rate-limit.js'
import { registerGround } from './ground.js'

const { REDIS_URL, LIMIT = '' } = process.env
const app = Fastify()
await registerGround(app)
await app.register(rateLimit, { isOn: true, redisUrl: REDIS_URL, keyPrefix: 'test:' })
app.get('/limited', { config: { rateLimits: { limit: LIMIT, key: 'address' } } }, async () => ({
  status: 'ok',
}))
// Shows how many requests were decided without Redis, which also happens on an overloaded machine.
app.get('/stats', { config: { rateLimits: false } }, async () => app.rateLimitStats())
console.log(`listening at ${await app.listen({ host: '127.0.0.1', port: 0 })}`)
