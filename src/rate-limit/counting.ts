import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RateLimited } from '../lib/errors/errors.js'
import { stateHeader } from './headers.js'
import type { Limiter } from './limiter.js'

/** Counts a request, tells in headers what remains, and notes the refusal where it is one too many. */
function countRequest(request: FastifyRequest, reply: FastifyReply, limiter: Limiter): Promise<void> {
  request.isCounted = true
  return limiter.take(request).then((verdict) => {
    limiter.tally.note(limiter.policies, verdict)
    reply.header('ratelimit-policy', limiter.policyHeader)
    reply.header('ratelimit', stateHeader(limiter.policies, verdict))
    if (!verdict.isAllowed) request.refusal = new RateLimited(Math.ceil(verdict.waitMs / 1000))
  })
}

const limiterOf = (request: FastifyRequest, unknownPath: Limiter | undefined): Limiter | undefined =>
  request.is404 ? unknownPath : request.routeOptions.config.limiter

/** The hooks that count: as early as the route's keys can be known, and at last when it has failed before. */
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
  // With a callback: every request passes here twice, and has at most once something to wait for.
  (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
    const limiter = limiterOf(request, unknownPath)
    if (limiter?.hook !== hook) done()
    else countRequest(request, reply, limiter).then(() => done(request.refusal ?? undefined), done)
  }
