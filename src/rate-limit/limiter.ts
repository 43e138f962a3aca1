import type { FastifyRequest } from 'fastify'
import { NETWORK_QUOTAS } from '../lib/network/client-networks.js'
import { policyHeader } from './headers.js'
import { identitiesOf } from './identity.js'
import { type Policy, readsBody } from './policies.js'
import type { Tally } from './stats.js'
import type { Hit, LimitState, Verdict, Windows } from './windows.js'

/** The limits of a route, ready to be asked. */
export type Limiter = {
  policies: readonly Policy[]
  policyHeader: string
  /** As early as its keys can be known. */
  hook: 'onRequest' | 'preValidation'
  /** The states of the verdict are one for each policy. */
  take: (request: FastifyRequest) => Promise<Verdict>
  tally: Tally
}

export function createLimiter(policies: readonly Policy[], windows: Windows, tally: Tally): Limiter {
  const [first] = policies
  if (!first) throw new Error('there is nothing to limit')
  tally.watch(policies)
  const variants = policies.map(widened)
  // Several policies have no key in common; then what stands in braces is the same for all requests.
  const tag = policies.length > 1 ? first.scope : undefined
  return {
    policies,
    policyHeader: policyHeader(policies),
    hook: policies.some(readsBody) ? 'preValidation' : 'onRequest',
    take: async (request) => {
      const hits = variants.map((some) => hitsOf(some, request, tag))
      return perPolicy(hits, await windows.take(hits.flat()))
    },
    tally,
  }
}

/** The policy itself, and what it allows the wider networks of an IPv6 address. */
const widened = (policy: Policy): Policy[] =>
  NETWORK_QUOTAS.map((times) => ({ ...policy, quota: policy.quota * times }))

/** Redis Cluster has to find all keys of a call on one node: what stands in braces decides on which. */
function hitsOf(variants: readonly Policy[], request: FastifyRequest, tag: string | undefined): Hit[] {
  const [{ key, scope }] = variants as [Policy]
  const identities = identitiesOf(key, request)
  return identities.map((identity, i) => ({
    policy: variants[i] as Policy,
    key: `{${tag ?? identities.at(-1)}}:${scope}:${identity}`,
  }))
}

/** Of the states of one policy clients see the tightest. */
function perPolicy(hits: readonly Hit[][], { states, ...verdict }: Verdict): Verdict {
  if (states.length === hits.length) return { states, ...verdict }
  let next = 0
  return {
    ...verdict,
    states: hits.map(({ length }) => {
      const own = states.slice(next, next + length)
      next += length
      return own.reduce((tightest: LimitState, state) =>
        state.remaining < tightest.remaining ? state : tightest,
      )
    }),
  }
}
