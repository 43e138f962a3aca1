type BatcherOptions<T> = {
  write: (items: readonly T[]) => Promise<void>
  /** How long an item waits for others to be written with it. */
  delayMs: number
  batchSize: number
  /** How long to wait after a failure before the same items are tried again. */
  retryMs: number
  /** Beyond this many the oldest are given up: memory has an end, too. */
  maxWaiting: number
  onError: (error: unknown, waiting: number) => void
  onLost: (items: readonly T[]) => void
}

/** Gathers items and writes them in batches, in order and one batch at a time. What cannot be written is tried again. */
export class Batcher<T> {
  private waiting: T[] = []
  private timer: NodeJS.Timeout | undefined
  private running: Promise<boolean> | undefined

  constructor(private readonly options: BatcherOptions<T>) {}

  get size(): number {
    return this.waiting.length
  }

  add(item: T): void {
    const { maxWaiting, onLost, delayMs, batchSize } = this.options
    this.waiting.push(item)
    if (this.waiting.length > maxWaiting) onLost(this.waiting.splice(0, this.waiting.length - maxWaiting))
    if (this.waiting.length === batchSize) this.schedule(0)
    else if (!this.timer) this.schedule(delayMs)
  }

  /** Resolves once everything that has been added is written; at the first failure, too. */
  async flush(): Promise<void> {
    while (this.waiting.length > 0) if (!(await this.writeBatch())) return
  }

  /** For the end: writes what is there, and gives up what cannot be written now. */
  async close(): Promise<void> {
    await this.flush()
    clearTimeout(this.timer)
    if (this.waiting.length > 0) this.options.onLost(this.waiting.splice(0))
  }

  private schedule(delayMs: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.flush(), delayMs)
    this.timer.unref()
  }

  private writeBatch(): Promise<boolean> {
    this.running ??= this.writeNext().finally(() => {
      this.running = undefined
    })
    return this.running
  }

  private async writeNext(): Promise<boolean> {
    clearTimeout(this.timer)
    this.timer = undefined
    const batch = this.waiting.slice(0, this.options.batchSize)
    try {
      await this.options.write(batch)
      // Not from the front blindly: meanwhile the oldest may have been given up.
      const written = new Set(batch)
      this.waiting = this.waiting.filter((item) => !written.has(item))
      return true
    } catch (error) {
      this.options.onError(error, this.waiting.length)
      this.schedule(this.options.retryMs)
      return false
    }
  }
}
