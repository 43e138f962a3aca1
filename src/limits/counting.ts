import type { FastifyReply, FastifyRequest } from 'fastify'
import { RateLimited } from '../lib/errors.js'
import { stateHeader } from '../lib/rate-limit/headers.js'
import type { Limiter } from './limiter.js'

/** Counts a request, tells in headers what remains, and notes the refusal where it is one too many. */
export async function countRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  limiter: Limiter,
): Promise<void> {
  request.isCounted = true
  const verdict = await limiter.take(request)
  reply.header('ratelimit-policy', limiter.policyHeader)
  reply.header('ratelimit', stateHeader(limiter.policies, verdict))
  if (!verdict.isAllowed) request.refusal = new RateLimited(Math.ceil(verdict.waitMs / 1000))
}

export const limiterOf = (request: FastifyRequest, unknownPath: Limiter | undefined): Limiter | undefined =>
  request.is404 ? unknownPath : request.routeOptions.config.limiter

export const countAt =
  (hook: Limiter['hook'], unknownPath: Limiter | undefined) =>
  // With a callback: every request passes here twice, and has at most once something to wait for.
  (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
    const limiter = limiterOf(request, unknownPath)
    if (limiter?.hook !== hook) done()
    else countRequest(request, reply, limiter).then(() => done(request.refusal ?? undefined), done)
  }
