/** How long a refusal counts as recent. */
const RECENT_MS = 5_000

/** Counts jobs and requests that were refused for lack of capacity. */
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
