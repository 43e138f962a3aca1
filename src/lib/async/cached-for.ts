/**
 * Caches the result of `read` for `maxAgeMs` after it settles. Concurrent callers share one read. A failed
 * read gives undefined, which is cached for the same time.
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
