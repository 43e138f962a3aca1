type Limits = { maxBytes: number; maxBytesPerCaller: number }

/** Counts the bytes of answers that are in memory because their readers have not taken them yet. */
export class UnreadAnswers {
  readonly #ofCaller = new Map<string, number>()
  #bytes = 0

  constructor(private readonly limits: Limits) {}

  /** False where there is no room for it. A caller's only answer has room in the share, and the only one of all in the whole. */
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
