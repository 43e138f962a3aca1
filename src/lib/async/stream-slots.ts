// No library serves: semaphores such as async-mutex let callers wait. Here a caller over the limit is refused
// at once.
import { Overloaded, TooManyExports } from '../errors/errors.js'

type StreamLimits = { perCaller: number; perProcess: number }

/** Limits concurrent streamed responses, each of which holds memory until the client has read it. */
export class StreamSlots {
  readonly #ofCaller = new Map<string, number>()
  #taken = 0

  constructor(private readonly limits: StreamLimits) {}

  /**
   * Returns a function that releases the slot. Calling it again does nothing.
   * @throws {TooManyExports} when the caller has all of its slots
   * @throws {Overloaded} when the process has no free slot
   */
  take(caller: string): () => void {
    const ofCaller = this.#ofCaller.get(caller) ?? 0
    if (ofCaller >= this.limits.perCaller) throw new TooManyExports()
    if (this.#taken >= this.limits.perProcess) throw new Overloaded()
    this.#count(caller, 1)
    let isHeld = true
    return () => {
      if (isHeld) this.#count(caller, -1)
      isHeld = false
    }
  }

  #count(caller: string, change: 1 | -1): void {
    this.#taken += change
    const ofCaller = (this.#ofCaller.get(caller) ?? 0) + change
    if (ofCaller === 0) this.#ofCaller.delete(caller)
    else this.#ofCaller.set(caller, ofCaller)
  }
}
