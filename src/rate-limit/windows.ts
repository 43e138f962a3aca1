import type { Policy } from './policies.js'

/** One request at one of its limits. */
export type Hit = { key: string; policy: Policy }

/** What is left of a limit, and when it is as it was before. */
export type LimitState = { remaining: number; resetMs: number }

export type Verdict = {
  isAllowed: boolean
  /** One for each hit, in their order. */
  states: LimitState[]
  /** How long until the same request is allowed; 0 where it is. */
  waitMs: number
}

/** Counts a request at all of its limits, or at none when one of them refuses it. */
export type Windows = { take: (hits: readonly Hit[]) => Verdict | Promise<Verdict> }

/** The states together: one limit that refuses is enough. */
export function toVerdict(states: LimitState[], waits: readonly number[]): Verdict {
  const waitMs = Math.max(0, ...waits)
  return { isAllowed: waitMs === 0, states, waitMs }
}
