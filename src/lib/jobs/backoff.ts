const FIRST_MS = 5_000
const CAP_MS = 3_600_000

/**
 * Exponential backoff with jitter: 5 seconds after the first failure, doubled up to an hour. Half of
 * the time is random, so that jobs that failed together are not retried together. `attempt` counts from
 * 1.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(FIRST_MS * 2 ** (attempt - 1), CAP_MS)
  return Math.round(full / 2 + (full / 2) * random())
}
