import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 20

/** The first value that is not undefined, false or null; throws when none has come in time, which a busy machine may take long for. */
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
