type Limits = { maxBytes: number; maxBytesPerCaller: number }

/** Counts the bytes of responses that are in memory because their clients have not read them yet. */
export class UnreadResponses {
  readonly #ofCaller = new Map<string, number>()
  #bytes = 0

  constructor(private readonly limits: Limits) {}

  /**
   * Reserves memory for a response, or returns false when a limit is reached. The limit of a caller
   * does not apply to the caller's only response, and the total limit not to the only response of all.
   */
  hold(caller: string, bytes: number): boolean {
    const ofCaller = this.#ofCaller.get(caller) ?? 0
    const { maxBytes, maxBytesPerCaller } = this.limits
    const hasRoom =
      (ofCaller === 0 || ofCaller + bytes <= maxBytesPerCaller) &&
      (this.#bytes === 0 || this.#bytes + bytes <= maxBytes)
    if (hasRoom) this.#count(caller, bytes)
    return hasRoom
  }

  release(caller: string, bytes: number): void {
    this.#count(caller, -bytes)
  }

  #count(caller: string, change: number): void {
    this.#bytes += change
    const ofCaller = (this.#ofCaller.get(caller) ?? 0) + change
    if (ofCaller === 0) this.#ofCaller.delete(caller)
    else this.#ofCaller.set(caller, ofCaller)
  }
}
