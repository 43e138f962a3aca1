import type { Policy } from './policies.js'
import { type Hit, type LimitState, toVerdict, type Verdict, type Windows } from './windows.js'

type Entry = {
  /** Of the requests that count, oldest first: in a moving window, or since a fixed one opened. */
  times: number[]
  /** When the wait of an elastic window began anew. */
  lastAt: number
  /** When nothing counts any more. */
  endsAt: number
}

const MAX_KEYS = 100_000

/** Exact windows in this process. `now` is a monotonic clock in milliseconds. */
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

  /** The verdict where a moving window is full already; nothing is counted. */
  findRefusal(hits: readonly Hit[]): Verdict | undefined {
    const now = this.now()
    const waitOf = (hit: Hit) => (hit.policy.strategy === 'moving-window' ? this.#waitOf(hit, now) : 0)
    // Every request passes here, and nearly none is refused: no lists before one is.
    if (!hits.some((hit) => waitOf(hit) > 0)) return undefined
    return toVerdict(
      hits.map((hit) => this.#stateOf(hit, now)),
      hits.map(waitOf),
    )
  }

  /** Counts what was decided elsewhere. */
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
      // Last in the map is last used: the first ones go when there are too many.
      this.#entries.delete(key)
      this.#entries.set(key, entry)
    }
    this.#drop(at)
  }

  /** A full window with an elastic expiry begins anew with each request that it refuses. */
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
    // The difference first: a sum of two times is rounded, and would add a second to what clients are told.
    const opened = policy.strategy === 'fixed-window-elastic-expiry' ? entry.lastAt : oldest
    return { remaining, resetMs: opened - now + policy.windowMs }
  }

  #drop(now: number): void {
    for (const [key, { endsAt }] of this.#entries) {
      if (endsAt > now && this.#entries.size <= this.maxKeys) return
      this.#entries.delete(key)
    }
  }
}
