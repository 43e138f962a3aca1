import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { RateLimited } from '../../lib/errors/errors.js'
import { rateLimitReadings } from '../../metrics/api.js'
import { countEveryRequest } from '../../rate-limit/counting.js'
import { Declarations, type Place } from '../../rate-limit/declared.js'
import { createLimiter, type Limiter } from '../../rate-limit/limiter.js'
import { openLimitStorage } from '../../rate-limit/open.js'
import type { RateLimits } from '../../rate-limit/policies.js'
import { type RateLimitStats, Tally } from '../../rate-limit/stats.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route allows, instead of the default of 300 requests a minute; `false` for no limit. */
    rateLimits?: RateLimits
    /** Made of it at boot; undefined where the route has none. */
    limiter?: Limiter | undefined
  }
  interface FastifyInstance {
    /** `ok`, or how limits are kept for now. */
    checkRateLimits: () => string
    /** For metrics. */
    rateLimitStats: () => RateLimitStats
  }
  interface FastifyRequest {
    isCounted: boolean
    /** Why the request gets no other answer. */
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
  // Even where limits are lifted: a wrong one is to be found early, and what a route allows is documented anyway.
  app.addHook('onRoute', (route) => {
    const place = { method: String(route.method), url: route.url }
    route.config = { ...route.config, limiter: toLimiter(place, route.config?.rateLimits) }
  })

  app.decorateRequest('isCounted', false)
  app.decorateRequest('refusal', null)
  if (isOn) countEveryRequest(app, unknownPath)
}

export default fp(rateLimit, { name: 'rate-limit', dependencies: ['auth', 'errors'] })
