import type { FastifyRequest } from 'fastify'
import { NETWORK_QUOTAS } from '../lib/network/client-networks.js'
import { policyHeader } from './headers.js'
import { identitiesOf } from './identity.js'
import type { Hit, LimitState, Verdict, Windows } from './moving-window.js'
import { type Policy, readsBody } from './policies.js'
import type { Tally } from './stats.js'

/** The limits of a route. */
export type Limiter = {
  policies: readonly Policy[]
  policyHeader: string
  /** The first hook in which the keys are known: `preValidation` when a key reads the body. */
  hook: 'onRequest' | 'preValidation'
  /** Counts the request. The verdict has one state for each policy. */
  take: (request: FastifyRequest) => Promise<Verdict>
  tally: Tally
}

/** Creates the limiter of a route. All of its policies must be satisfied. */
export function createLimiter(policies: readonly Policy[], windows: Windows, tally: Tally): Limiter {
  const [first] = policies
  if (!first) throw new Error('a limiter needs at least one policy')
  tally.watch(policies)
  const variants = policies.map(withWiderNetworks)
  // Several policies have no key in common, so all requests of the route share one hash tag.
  const tag = policies.length > 1 ? first.scope : undefined
  return {
    policies,
    policyHeader: policyHeader(policies),
    hook: policies.some(readsBody) ? 'preValidation' : 'onRequest',
    take: async (request) => {
      const hits = variants.map((networkPolicies) => hitsOf(networkPolicies, request, tag))
      return perPolicy(hits, await windows.take(hits.flat()))
    },
    tally,
  }
}

/**
 * Returns the policy itself, and its variants with larger quotas for the wider networks of an IPv6
 * address.
 */
const withWiderNetworks = (policy: Policy): Policy[] =>
  NETWORK_QUOTAS.map((times) => ({ ...policy, quota: policy.quota * times }))

/** Redis Cluster needs all keys of a call on one node. It hashes only the part in braces, the hash tag. */
function hitsOf(networkPolicies: readonly Policy[], request: FastifyRequest, tag: string | undefined): Hit[] {
  const [{ key, scope }] = networkPolicies as [Policy]
  const identities = identitiesOf(key, request)
  return identities.map((identity, i) => ({
    policy: networkPolicies[i] as Policy,
    key: `{${tag ?? identities.at(-1)}}:${scope}:${identity}`,
  }))
}

/** Reduces the states of a policy to the one with the least remaining quota, which clients see. */
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
