import { Overloaded, TooManyExports } from '../errors/errors.js'

type StreamLimits = { perCaller: number; perProcess: number }

/** Counts answers that are as long as their reader takes: each holds memory until it has been read. */
export class StreamSlots {
  readonly #ofCaller = new Map<string, number>()
  #taken = 0

  constructor(private readonly limits: StreamLimits) {}

  /**
   * Returns what gives the slot back; a second call of it does nothing.
   * @throws TooManyExports where the caller has its share, Overloaded where the process has no room
   */
  take(caller: string): () => void {
    const ofCaller = this.#ofCaller.get(caller) ?? 0
    if (ofCaller >= this.limits.perCaller) throw new TooManyExports()
    if (this.#taken >= this.limits.perProcess) throw new Overloaded()
    this.#count(caller, 1)
    let isTaken = true
    return () => {
      if (isTaken) this.#count(caller, -1)
      isTaken = false
    }
  }

  #count(caller: string, change: 1 | -1): void {
    this.#taken += change
    const ofCaller = (this.#ofCaller.get(caller) ?? 0) + change
    if (ofCaller === 0) this.#ofCaller.delete(caller)
    else this.#ofCaller.set(caller, ofCaller)
  }
}
