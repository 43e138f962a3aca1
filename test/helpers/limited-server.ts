/** A program: one route with a window short enough for a test, limited as in the application. */
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
// What it had to decide without Redis: on a machine that is too busy, too.
app.get('/stats', { config: { rateLimits: false } }, async () => app.rateLimitStats())
console.log(`listening at ${await app.listen({ host: '127.0.0.1', port: 0 })}`)
