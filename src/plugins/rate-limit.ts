import fastifyRateLimit from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { RateLimited } from '../lib/errors.js'
import type { RateLimits } from '../lib/rate-limit/policies.js'
import { countAt, countRequest, limiterOf } from '../limits/counting.js'
import { declaredPolicies, type Place } from '../limits/declared.js'
import { createLimiter, type Limiter } from '../limits/limiter.js'
import { openLimitStorage } from '../limits/open.js'
import { storeOn } from '../limits/plugin-store.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route allows, instead of the default of 300 requests a minute; `false` for no limit. */
    rateLimits?: RateLimits
    /** Made of it at boot; undefined where nothing is limited. */
    limiter?: Limiter | undefined
  }
  interface FastifyInstance {
    /** `ok`, or how limits are kept for now. */
    checkRateLimits: () => string
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
  await app.register(fastifyRateLimit, { global: false, store: storeOn(storage.windows) })
  app.decorate('checkRateLimits', storage.check)
  app.addHook('onClose', async () => storage.close())

  const toLimiter = (place: Place, declared?: RateLimits): Limiter | undefined => {
    // Read even where limits are lifted: a wrong one is to be found early.
    const policies = declaredPolicies(place, declared)
    return isOn && policies.length > 0 ? createLimiter(app, policies, storage.windows) : undefined
  }
  const unknownPath = toLimiter({ method: 'any', url: '/' })
  app.addHook('onRoute', (route) => {
    const place = { method: String(route.method), url: route.url }
    route.config = { ...route.config, limiter: toLimiter(place, route.config?.rateLimits) }
  })

  app.decorateRequest('isCounted', false)
  app.decorateRequest('refusal', null)
  if (!isOn) return
  app.addHook('onRequest', countAt('onRequest', unknownPath))
  app.addHook('preValidation', countAt('preValidation', unknownPath))
  // What fails before it could be counted is counted now.
  app.addHook('onError', async (request, reply) => {
    const limiter = limiterOf(request, unknownPath)
    if (limiter && !request.isCounted) await countRequest(request, reply, limiter)
  })
}

export default fp(rateLimit, { name: 'rate-limit', dependencies: ['auth', 'errors'] })
