import { type Hit, type LimitState, toVerdict, type Verdict, type Windows } from './moving-window.js'
import type { Policy } from './policies.js'

type Entry = {
  /**
   * The times of the counted requests, oldest first: in the moving window, or since the fixed one
   * opened.
   */
  times: number[]
  /** When an elastic window last restarted. */
  lastAt: number
  /** When the entry expires. */
  endsAt: number
}

const MAX_KEYS = 100_000

/**
 * Exact windows in the memory of this process. `now` is a monotonic clock in milliseconds, by default
 * `performance.now`. The least recently used keys are dropped beyond `maxKeys`, by default 100,000.
 */
export class MemoryWindows implements Windows {
  readonly #entries = new Map<string, Entry>()

  constructor(
    readonly now: () => number = () => performance.now(),
    readonly maxKeys: number = MAX_KEYS,
  ) {}

  get size(): number {
    return this.#entries.size
  }

  take(hits: readonly Hit[]): Verdict {
    const now = this.now()
    const waits = hits.map((hit) => this.#waitOf(hit, now))
    const isAllowed = Math.max(0, ...waits) === 0
    if (isAllowed) this.record(hits, now)
    else this.#extend(hits, waits, now)
    return toVerdict(
      hits.map((hit) => this.#stateOf(hit, now)),
      hits.map((hit, i) => (waits[i] === 0 ? 0 : this.#waitOf(hit, now))),
    )
  }

  /** Returns the verdict when a moving window is already full, or undefined. Does not count the request. */
  findRefusal(hits: readonly Hit[]): Verdict | undefined {
    const now = this.now()
    const waitOf = (hit: Hit) => (hit.policy.strategy === 'moving-window' ? this.#waitOf(hit, now) : 0)
    // Every request passes here, and almost none is refused: allocate no lists before that.
    if (!hits.some((hit) => waitOf(hit) > 0)) return undefined
    return toVerdict(
      hits.map((hit) => this.#stateOf(hit, now)),
      hits.map(waitOf),
    )
  }

  /** Counts a request that was allowed elsewhere. */
  record(hits: readonly Hit[], at: number): void {
    for (const { key, policy } of hits) {
      const entry = this.#find(key, policy, at) ?? {
        times: [],
        lastAt: at,
        endsAt: at + policy.windowMs,
      }
      entry.lastAt = at
      if (policy.strategy !== 'fixed-window') entry.endsAt = at + policy.windowMs
      entry.times.push(at)
      // Re-inserting keeps the map in order of last use: the first entries are dropped when there are
      // too many.
      this.#entries.delete(key)
      this.#entries.set(key, entry)
    }
    this.#evict(at)
  }

  /** A full elastic window restarts with each request that it refuses. */
  #extend(hits: readonly Hit[], waits: readonly number[], now: number): void {
    hits.forEach(({ key, policy }, i) => {
      if (policy.strategy !== 'fixed-window-elastic-expiry' || waits[i] === 0) return
      const entry = this.#entries.get(key)
      if (entry) Object.assign(entry, { lastAt: now, endsAt: now + policy.windowMs })
    })
  }

  #find(key: string, policy: Policy, now: number): Entry | undefined {
    const entry = this.#entries.get(key)
    if (!entry || entry.endsAt <= now) return undefined
    if (policy.strategy === 'moving-window') {
      const firstLive = entry.times.findIndex((time) => time - now + policy.windowMs > 0)
      if (firstLive > 0) entry.times.splice(0, firstLive)
    }
    return entry
  }

  #waitOf({ key, policy }: Hit, now: number): number {
    const entry = this.#find(key, policy, now)
    if (!entry || entry.times.length < policy.quota) return 0
    if (policy.strategy !== 'moving-window') return this.#stateOf({ key, policy }, now).resetMs
    return (entry.times.at(-policy.quota) ?? now) - now + policy.windowMs
  }

  #stateOf({ key, policy }: Hit, now: number): LimitState {
    const entry = this.#find(key, policy, now)
    if (!entry) return { remaining: policy.quota, resetMs: policy.windowMs }
    const remaining = Math.max(0, policy.quota - entry.times.length)
    const [oldest = now] = entry.times
    // Subtract first: rounding in a sum of two times could add a second to the value that clients see.
    const openedAt = policy.strategy === 'fixed-window-elastic-expiry' ? entry.lastAt : oldest
    return { remaining, resetMs: openedAt - now + policy.windowMs }
  }

  #evict(now: number): void {
    for (const [key, { endsAt }] of this.#entries) {
      if (endsAt > now && this.#entries.size <= this.maxKeys) return
      this.#entries.delete(key)
    }
  }
}
