// No library serves: dataloader batches reads. Here failed writes are retried in order, and memory is
// limited.

type BatcherOptions<T> = {
  write: (items: readonly T[]) => Promise<void>
  /** How long an item waits for others to join its batch. */
  delayMs: number
  /** A batch has at most so many items and bytes, or a single larger item. A full batch is written at once. */
  batchSize: number
  batchBytes: number
  /** How long to wait before a failed write is retried. */
  retryMs: number
  /** The oldest items are dropped when more items or more bytes than this are waiting. */
  maxWaiting: number
  maxWaitingBytes: number
  /** The approximate size of an item in memory. */
  bytesOf: (item: T) => number
  /** Called after each failed write, with the number of items that are waiting. */
  onError: (error: unknown, waiting: number) => void
  /** Called with items that were dropped and will never be written. */
  onLost: (items: readonly T[]) => void
}

/** Collects items and writes them in batches, in order, one batch at a time. Failed writes are retried. */
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
    const { bytesOf, delayMs } = this.options
    const bytes = bytesOf(item)
    const wasFull = this.isFull
    this.waiting.push({ item, bytes })
    this.bytes += bytes
    this.dropExcess()
    if (this.isFull && !wasFull) this.schedule(0)
    else if (!this.timer) this.schedule(delayMs)
  }

  /** Resolves when all items are written, or after the first failure. */
  async flush(): Promise<void> {
    while (this.waiting.length > 0) if (!(await this.writeBatch())) return
  }

  /** Writes the waiting items, and drops those that cannot be written now. */
  async close(): Promise<void> {
    await this.flush()
    clearTimeout(this.timer)
    this.dropOldest(this.waiting.length)
  }

  private get isFull(): boolean {
    return this.waiting.length >= this.options.batchSize || this.bytes >= this.options.batchBytes
  }

  private dropExcess(): void {
    const { maxWaiting, maxWaitingBytes } = this.options
    let count = Math.max(this.waiting.length - maxWaiting, 0)
    let rest = this.bytes - sum(this.waiting.slice(0, count))
    for (; rest > maxWaitingBytes && count < this.waiting.length; count += 1)
      rest -= this.waiting[count]?.bytes ?? 0
    this.dropOldest(count)
  }

  private dropOldest(count: number): void {
    if (count === 0) return
    const lost = this.waiting.splice(0, count)
    this.bytes -= sum(lost)
    this.options.onLost(lost.map(({ item }) => item))
  }

  private schedule(delayMs: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.writeDue(), delayMs)
    this.timer.unref()
  }

  /** Leaves items that came during the write to the next batch: many small batches cost more than a large one. */
  private async writeDue(): Promise<void> {
    do {
      if (!(await this.writeBatch())) return
    } while (this.isFull)
    if (this.waiting.length > 0 && !this.timer) this.schedule(this.options.delayMs)
  }

  private writeBatch(): Promise<boolean> {
    this.running ??= this.writeNext().finally(() => {
      this.running = undefined
    })
    return this.running
  }

  private countNext(): number {
    const { batchSize, batchBytes } = this.options
    let bytes = 0
    const end = this.waiting.findIndex((each, i) => {
      bytes += each.bytes
      return i === batchSize || bytes > batchBytes
    })
    return end === -1 ? this.waiting.length : Math.max(end, 1)
  }

  private async writeNext(): Promise<boolean> {
    clearTimeout(this.timer)
    this.timer = undefined
    const batch = this.waiting.slice(0, this.countNext())
    try {
      await this.options.write(batch.map(({ item }) => item))
      // Do not just cut off the front: the oldest items may have been dropped during the write.
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
