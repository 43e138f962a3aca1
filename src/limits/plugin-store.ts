import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import type { Policy } from '../lib/rate-limit/policies.js'
import type { Verdict, Windows } from '../lib/rate-limit/windows.js'

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
      const { policy } = this
      if (!policy) return callback(new Error('there is no limit without a policy'))
      Promise.resolve(windows.take([{ key, policy }])).then(
        (verdict) => callback(null, resultOf(verdict, max)),
        (error) => callback(error),
      )
    }

    child(options: object): FastifyRateLimitStore {
      return new Store(options)
    }
  }
}

function resultOf({ isAllowed, states: [state], waitMs }: Verdict, max: number) {
  const { remaining = 0, resetMs = 0 } = state ?? {}
  return isAllowed
    ? { current: max - remaining, ttl: resetMs }
    : { current: max + 1, ttl: Math.max(waitMs, resetMs) }
}
