/** For how long after the last refusal whoever asks is told of it. */
const RECENT_MS = 5_000

/** Counts what was turned away for lack of room. */
export class ShedCounter {
  total = 0
  #lastAt = Number.NEGATIVE_INFINITY

  add(): void {
    this.total += 1
    this.#lastAt = performance.now()
  }

  get isRecent(): boolean {
    return performance.now() - this.#lastAt < RECENT_MS
  }
}
