const FIRST_MS = 5_000
const CAP_MS = 3_600_000

/**
 * How long to wait after the nth failure: twice as long each time, up to an hour, and half of it by chance, so that jobs
 * that failed together do not come back together.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(FIRST_MS * 2 ** (attempt - 1), CAP_MS)
  return Math.round(full / 2 + (full / 2) * random())
}
