import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 5

/** Polls until `probe` returns a value. Returns undefined after the timeout. */
export async function waitFor<T>(probe: () => T | undefined, timeoutMs: number): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const value = probe()
    if (value !== undefined || performance.now() > deadline) return value
    await delay(POLL_MS)
  }
}

/** As `waitFor`, for an `exit` handler, where only synchronous code runs. */
export function waitForSync<T>(probe: () => T | undefined, timeoutMs: number): T | undefined {
  const deadline = performance.now() + timeoutMs
  const sleeper = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    const value = probe()
    if (value !== undefined || performance.now() > deadline) return value
    Atomics.wait(sleeper, 0, 0, POLL_MS)
  }
}
