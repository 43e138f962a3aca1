import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RateLimited } from '../lib/errors/errors.js'
import { stateHeader } from './headers.js'
import type { Limiter } from './limiter.js'

/**
 * Counts a request, sends the remaining quota in headers, and sets `request.refusal` when a limit is
 * exceeded.
 */
function countRequest(request: FastifyRequest, reply: FastifyReply, limiter: Limiter): Promise<void> {
  request.isCounted = true
  return limiter.take(request).then((verdict) => {
    limiter.tally.add(limiter.policies, verdict)
    reply.header('ratelimit-policy', limiter.policyHeader)
    reply.header('ratelimit', stateHeader(limiter.policies, verdict))
    if (!verdict.isAllowed) request.refusal = new RateLimited(Math.ceil(verdict.waitMs / 1000))
  })
}

const limiterOf = (request: FastifyRequest, unknownPath: Limiter | undefined): Limiter | undefined =>
  request.is404 ? unknownPath : request.routeOptions.config.limiter

/**
 * Adds the hooks that count: as soon as the keys of the route are known, or when the request fails
 * before that.
 */
export function countEveryRequest(app: FastifyInstance, unknownPath: Limiter | undefined): void {
  app.addHook('onRequest', countAt('onRequest', unknownPath))
  app.addHook('preValidation', countAt('preValidation', unknownPath))
  app.addHook('onError', async (request, reply) => {
    const limiter = limiterOf(request, unknownPath)
    if (limiter && !request.isCounted) await countRequest(request, reply, limiter)
  })
}

const countAt =
  (hook: Limiter['hook'], unknownPath: Limiter | undefined) =>
  // A callback instead of a promise: every request passes here twice, and waits at most once.
  (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
    const limiter = limiterOf(request, unknownPath)
    if (limiter?.hook !== hook) done()
    else countRequest(request, reply, limiter).then(() => done(request.refusal ?? undefined), done)
  }
