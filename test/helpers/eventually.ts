import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 20

/**
 * Polls until the probe returns something other than undefined, null or false, and returns that.
 * The default timeout is long, for busy machines.
 *
 * @throws {Error} when no such value came in time
 */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  timeoutMs = 60_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const value = await probe()
    if (value !== undefined && value !== null && value !== false) return value
    if (performance.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${probe}`)
    await delay(POLL_MS)
  }
}
