import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import type { Policy } from '../lib/rate-limit/policies.js'
import type { Windows } from '../lib/rate-limit/windows.js'

/** @fastify/rate-limit with our windows. It counts one limit at a time, which is what most routes have. */
export function storeOn(windows: Windows): FastifyRateLimitStoreCtor {
  return class Store implements FastifyRateLimitStore {
    readonly policy: Policy | undefined

    constructor(options: { policy?: Policy }) {
      this.policy = options.policy
    }

    incr(
      key: string,
      callback: Parameters<FastifyRateLimitStore['incr']>[1],
      _windowMs: number,
      max: number,
    ) {
      this.#count(key, max).then(
        (result) => callback(null, result),
        (error) => callback(error),
      )
    }

    child(options: object): FastifyRateLimitStore {
      return new Store(options)
    }

    async #count(key: string, max: number): Promise<{ current: number; ttl: number }> {
      const { policy } = this
      if (!policy) throw new Error('there is no limit without a policy')
      const { isAllowed, states, waitMs } = await windows.take([{ key, policy }])
      const [state = { remaining: 0, resetMs: 0 }] = states
      return isAllowed
        ? { current: max - state.remaining, ttl: state.resetMs }
        : { current: max + 1, ttl: Math.max(waitMs, state.resetMs) }
    }
  }
}
