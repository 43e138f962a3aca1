const PERIOD_MS = 60_000

/** Counts uses by key over the last one to two minutes. */
export class RecentUse {
  #current = new Map<string, number>()
  #previous = new Map<string, number>()
  #startedAt: number

  /** `now` is a monotonic clock in milliseconds. */
  constructor(readonly now: () => number = () => performance.now()) {
    this.#startedAt = now()
  }

  add(keys: readonly string[]): void {
    this.#rotate()
    for (const key of keys) this.#current.set(key, (this.#current.get(key) ?? 0) + 1)
  }

  /** The sum over all the keys. */
  of(keys: readonly string[]): number {
    this.#rotate()
    return keys.reduce((sum, key) => sum + (this.#current.get(key) ?? 0) + (this.#previous.get(key) ?? 0), 0)
  }

  #rotate(): void {
    const age = this.now() - this.#startedAt
    if (age < PERIOD_MS) return
    this.#previous = age < 2 * PERIOD_MS ? this.#current : new Map()
    this.#current = new Map()
    this.#startedAt += age - (age % PERIOD_MS)
  }
}
