import type { Verdict } from './moving-window.js'
import type { Policy } from './policies.js'

export type StorageStats = {
  storage: 'redis' | 'memory'
  /** Redis is down, and this process counts alone. */
  isDegraded: boolean
  /** Requests that this process decided alone while Redis was down. */
  decidedHere: number
  /** Keys in the memory of this process. */
  localKeys: number
}

/** Counted since the process started. */
export type RateLimitStats = StorageStats & {
  isOn: boolean
  decided: number
  /** Refused requests by the name of the limit. A request that two limits refuse counts in both. */
  refused: Readonly<Record<string, number>>
}

/** Counts the decisions for the statistics. */
export class Tally {
  decided = 0
  readonly refused: Record<string, number> = {}

  /** Starts each limit at zero, so that metrics show limits that have never refused a request. */
  watch(policies: readonly Policy[]): void {
    for (const { name } of policies) this.refused[name] ??= 0
  }

  add(policies: readonly Policy[], { isAllowed, states }: Verdict): void {
    this.decided += 1
    if (isAllowed) return
    // A refused request is not counted, so a limit without remaining quota is one that refused it.
    policies.forEach(({ name }, i) => {
      if (states[i]?.remaining === 0) this.refused[name] = (this.refused[name] ?? 0) + 1
    })
  }
}
