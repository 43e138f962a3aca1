import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { RateLimited } from '../../lib/errors/errors.js'
import { rateLimitReadings } from '../../metrics/api.js'
import { countEveryRequest } from '../../rate-limit/counting.js'
import { Declarations, type Place } from '../../rate-limit/declared.js'
import { createLimiter, type Limiter } from '../../rate-limit/limiter.js'
import { openLimitStorage } from '../../rate-limit/open-storage.js'
import type { RateLimits } from '../../rate-limit/policies.js'
import { type RateLimitStats, Tally } from '../../rate-limit/stats.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The limits of the route. Default: 300 requests a minute; `false` for no limit. */
    rateLimits?: RateLimits
    /** Created from `rateLimits` at the start; undefined when the route has no limit. */
    limiter?: Limiter | undefined
  }
  interface FastifyInstance {
    /** `ok`, or `degraded: …` while Redis is away and each process counts by itself. */
    checkRateLimits: () => string
    rateLimitStats: () => RateLimitStats
  }
  interface FastifyRequest {
    /** The request has been counted against the limits of its route. */
    isCounted: boolean
    /** Set when the request is beyond a limit: it gets this error instead of any other. Otherwise null. */
    refusal: RateLimited | null
  }
}

export type RateLimitOptions = { isOn: boolean; redisUrl: string | undefined; keyPrefix: string }

async function rateLimit(app: FastifyInstance, { isOn, redisUrl, keyPrefix }: RateLimitOptions) {
  const storage = await openLimitStorage({ redisUrl: isOn ? redisUrl : undefined, keyPrefix, log: app.log })
  const tally = new Tally()
  app.decorate('checkRateLimits', storage.check)
  app.decorate('rateLimitStats', () => ({ isOn, ...storage.stats(), ...tally }))
  app.metrics.add(rateLimitReadings(app.rateLimitStats))
  app.addHook('onClose', async () => storage.close())

  const declarations = new Declarations()
  const toLimiter = (place: Place, declared?: RateLimits): Limiter | undefined => {
    const policies = declarations.read(place, declared)
    return policies.length > 0 ? createLimiter(policies, storage.windows, tally) : undefined
  }
  const unknownPath = toLimiter({ method: 'any', url: '/' })
  // Also when limits are off: invalid limits are found early, and the documentation always shows them.
  app.addHook('onRoute', (route) => {
    const place = { method: String(route.method), url: route.url }
    route.config = { ...route.config, limiter: toLimiter(place, route.config?.rateLimits) }
  })

  app.decorateRequest('isCounted', false)
  app.decorateRequest('refusal', null)
  if (isOn) countEveryRequest(app, unknownPath)
}

export default fp(rateLimit, { name: 'rate-limit', dependencies: ['auth', 'errors'] })
