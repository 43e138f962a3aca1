type BatcherOptions<T> = {
  write: (items: readonly T[]) => Promise<void>
  /** How long an item waits for others to be written with it. */
  delayMs: number
  batchSize: number
  /** How long to wait after a failure before the same items are tried again. */
  retryMs: number
  /** Beyond so many, or beyond so many bytes, the oldest are given up: memory has an end, too. */
  maxWaiting: number
  maxWaitingBytes: number
  /** About what an item takes. */
  bytesOf: (item: T) => number
  onError: (error: unknown, waiting: number) => void
  onLost: (items: readonly T[]) => void
}

/** Gathers items and writes them in batches, in order and one batch at a time. What cannot be written is tried again. */
export class Batcher<T> {
  private waiting: { item: T; bytes: number }[] = []
  private bytes = 0
  private timer: NodeJS.Timeout | undefined
  private running: Promise<boolean> | undefined

  constructor(private readonly options: BatcherOptions<T>) {}

  get size(): number {
    return this.waiting.length
  }

  add(item: T): void {
    const { bytesOf, delayMs, batchSize } = this.options
    const bytes = bytesOf(item)
    this.waiting.push({ item, bytes })
    this.bytes += bytes
    this.giveUpOldest()
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
    this.giveUp(this.waiting.length)
  }

  private giveUpOldest(): void {
    const { maxWaiting, maxWaitingBytes } = this.options
    let count = Math.max(this.waiting.length - maxWaiting, 0)
    let rest = this.bytes - sum(this.waiting.slice(0, count))
    for (; rest > maxWaitingBytes && count < this.waiting.length; count += 1)
      rest -= this.waiting[count]?.bytes ?? 0
    this.giveUp(count)
  }

  private giveUp(count: number): void {
    if (count === 0) return
    const lost = this.waiting.splice(0, count)
    this.bytes -= sum(lost)
    this.options.onLost(lost.map(({ item }) => item))
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
      await this.options.write(batch.map(({ item }) => item))
      // Not from the front blindly: meanwhile the oldest may have been given up.
      const written = new Set(batch)
      this.waiting = this.waiting.filter((each) => !written.has(each))
      this.bytes = sum(this.waiting)
      return true
    } catch (error) {
      this.options.onError(error, this.waiting.length)
      this.schedule(this.options.retryMs)
      return false
    }
  }
}

const sum = (waiting: readonly { bytes: number }[]): number =>
  waiting.reduce((total, { bytes }) => total + bytes, 0)
