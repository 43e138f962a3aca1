// No library serves: rate-limiter-flexible and @fastify/rate-limit count in fixed windows, which allow
// twice the quota around their ends.
import type { Policy } from './policies.js'

/** A request at one of its limits. */
export type Hit = { key: string; policy: Policy }

/** The remaining quota, and the time until it resets. */
export type LimitState = { remaining: number; resetMs: number }

/** The decision about a request. */
export type Verdict = {
  isAllowed: boolean
  /** One for each hit, in the same order. */
  states: LimitState[]
  /** The time until the same request is allowed; 0 when it is allowed. */
  waitMs: number
}

/** Counts a request at all of its limits, or at none when one of them refuses it. */
export type Windows = { take: (hits: readonly Hit[]) => Verdict | Promise<Verdict> }

/** Combines the limits: the request is refused when one of them refuses it. `waits` are in milliseconds. */
export function toVerdict(states: LimitState[], waits: readonly number[]): Verdict {
  const waitMs = Math.max(0, ...waits)
  return { isAllowed: waitMs === 0, states, waitMs }
}
