/**
 * Reads at most once in so long, and never twice at a time, however many ask: whoever comes meanwhile gets the same answer.
 * A failure is undefined, and is kept as long.
 */
export function cachedFor<T>(read: () => Promise<T>, maxAgeMs: number): () => Promise<T | undefined> {
  let last: Promise<T | undefined> = Promise.resolve(undefined)
  let isRunning = false
  let endedAt = Number.NEGATIVE_INFINITY
  return () => {
    if (!isRunning && performance.now() - endedAt >= maxAgeMs) {
      isRunning = true
      last = read()
        .catch(() => undefined)
        .finally(() => {
          isRunning = false
          endedAt = performance.now()
        })
    }
    return last
  }
}
