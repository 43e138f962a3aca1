import type { FastifyInstance, FastifyRequest } from 'fastify'
import { policyHeader } from '../lib/rate-limit/headers.js'
import { identityOf } from '../lib/rate-limit/identity.js'
import { type Policy, readsBody } from '../lib/rate-limit/policies.js'
import type { Verdict, Windows } from '../lib/rate-limit/windows.js'
import type { Tally } from './stats.js'

/** The limits of a route, ready to be asked. */
export type Limiter = {
  policies: readonly Policy[]
  policyHeader: string
  /** As early as its keys can be known. */
  hook: 'onRequest' | 'preValidation'
  take: (request: FastifyRequest) => Promise<Verdict>
  tally: Tally
}

export function createLimiter(
  app: FastifyInstance,
  policies: readonly Policy[],
  windows: Windows,
  tally: Tally,
): Limiter {
  const [first, ...others] = policies
  if (!first) throw new Error('there is nothing to limit')
  tally.watch(policies)
  return {
    policies,
    policyHeader: policyHeader(policies),
    hook: policies.some(readsBody) ? 'preValidation' : 'onRequest',
    take: others.length === 0 ? takeOne(app, first) : takeAll(windows, policies, first.scope),
    tally,
  }
}

/** By way of the plugin. */
function takeOne(app: FastifyInstance, policy: Policy): Limiter['take'] {
  const options = {
    policy,
    max: policy.quota,
    timeWindow: policy.windowMs,
    keyGenerator: (request: FastifyRequest) => `${policy.scope}:{${identityOf(policy.key, request)}}`,
  }
  const check = app.createRateLimit(options)
  return async (request) => {
    const checked = await check(request)
    if (checked.isAllowed) throw new Error('nobody is exempt')
    const { isExceeded, remaining, ttl } = checked
    return { isAllowed: !isExceeded, states: [{ remaining, resetMs: ttl }], waitMs: isExceeded ? ttl : 0 }
  }
}

/** The plugin counts one limit at a time, each for itself: several are all counted at once, or none of them. */
const takeAll =
  (windows: Windows, policies: readonly Policy[], group: string): Limiter['take'] =>
  async (request) =>
    windows.take(
      policies.map((policy) => ({
        policy,
        // Redis Cluster has to find all keys of a call on one node: what stands in braces decides on which.
        key: `{${group}}:${policy.scope}:${identityOf(policy.key, request)}`,
      })),
    )
