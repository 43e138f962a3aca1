import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 5

/** Polls until `probe` gives a value; undefined once the time is over. */
export async function waitFor<T>(probe: () => T | undefined, timeoutMs: number): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const value = probe()
    if (value !== undefined || performance.now() > deadline) return value
    await delay(POLL_MS)
  }
}

/** The same for an `exit` handler, where nothing asynchronous happens any more. */
export function waitForSync<T>(probe: () => T | undefined, timeoutMs: number): T | undefined {
  const deadline = performance.now() + timeoutMs
  const sleeper = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    const value = probe()
    if (value !== undefined || performance.now() > deadline) return value
    Atomics.wait(sleeper, 0, 0, POLL_MS)
  }
}
