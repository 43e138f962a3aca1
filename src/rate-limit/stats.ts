import type { Policy } from './policies.js'
import type { Verdict } from './windows.js'

export type StorageStats = {
  storage: 'redis' | 'memory'
  /** Redis is away, and this process counts alone. */
  isDegraded: boolean
  /** Requests that this process decided alone while Redis was away. */
  decidedHere: number
  /** Keys in the memory of this process. */
  localKeys: number
}

/** Plain numbers, since the process started. */
export type RateLimitStats = StorageStats & {
  isOn: boolean
  decided: number
  /** By the name of the limit that refused; a request that two of them refuse is in both. */
  refused: Readonly<Record<string, number>>
}

export class Tally {
  decided = 0
  readonly refused: Record<string, number> = {}

  /** Limits are there with zero from the start: what has never happened can be told from what is not watched. */
  watch(policies: readonly Policy[]): void {
    for (const { name } of policies) this.refused[name] ??= 0
  }

  note(policies: readonly Policy[], { isAllowed, states }: Verdict): void {
    this.decided += 1
    if (isAllowed) return
    // Nothing was counted, so what is used up had been before.
    policies.forEach(({ name }, i) => {
      if (states[i]?.remaining === 0) this.refused[name] = (this.refused[name] ?? 0) + 1
    })
  }
}
