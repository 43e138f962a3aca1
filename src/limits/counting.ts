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
  async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const limiter = limiterOf(request, unknownPath)
    if (limiter?.hook !== hook) return
    await countRequest(request, reply, limiter)
    if (request.refusal) throw request.refusal
  }
