import type { Cluster } from 'ioredis'
import type { RedisClient } from '../lib/redis/index.js'
import type { MemoryWindows } from './moving-window-in-memory.js'
import type { Hit, Verdict, Windows } from './windows.js'

const FAILURES_TO_OPEN = 3
const PROBE_MS = 500
/** A connection whose other end went away without a word is never closed by itself: after as many silent probes it is. */
const PROBES_TO_RECONNECT = 4

export type OutageListener = {
  onOutage: (err: Error) => void
  /** With how many requests this process decided by itself meanwhile. */
  onRecovery: (decidedHere: number) => void
}

/**
 * Redis, and the windows of this process while Redis is away: a limit is neither lifted nor does it refuse everybody.
 * A breaker keeps requests from waiting for it in vain; it is asked in the background whether it is back.
 */
export class RedisWithLocalFallback implements Windows {
  /** Requests that were decided here while Redis was away. */
  decidedHere = 0
  #decidedHereBefore = 0
  #failures = 0
  #hasEnded = false
  #probe: NodeJS.Timeout | undefined
  #silentProbes = 0
  #lastError = new Error('Redis is not connected')

  constructor(
    readonly redis: RedisClient,
    readonly shared: Windows,
    readonly local: MemoryWindows,
    readonly listener: OutageListener,
  ) {
    redis.on('error', (err) => {
      this.#lastError = err
    })
    redis.on('close', () => {
      if (!this.#hasEnded) this.#open()
    })
    redis.on('ready', () => this.#close())
  }

  get decidedInThisOutage(): number {
    return this.decidedHere - this.#decidedHereBefore
  }

  get isDegraded(): boolean {
    return this.#probe !== undefined
  }

  end(): void {
    this.#hasEnded = true
    clearInterval(this.#probe)
    this.redis.disconnect()
  }

  async take(hits: readonly Hit[]): Promise<Verdict> {
    // What this process alone let through is part of what all did: where that is too much already, Redis need not be asked.
    const refusal = this.local.findRefusal(hits)
    if (refusal) return refusal
    if (this.isDegraded || this.redis.status !== 'ready') return this.#takeHere(hits)
    // From before the question: no entry here outlives the one in Redis.
    const startedAt = this.local.now()
    try {
      const verdict = await this.shared.take(hits)
      this.#failures = 0
      if (verdict.isAllowed) this.local.record(hits, startedAt)
      return verdict
    } catch (error) {
      this.#lastError = error as Error
      this.#failures += 1
      if (this.#failures >= FAILURES_TO_OPEN) this.#open()
      return this.#takeHere(hits)
    }
  }

  #takeHere(hits: readonly Hit[]): Verdict {
    this.decidedHere += 1
    return this.local.take(hits)
  }

  #open(): void {
    if (this.#probe) return
    this.#silentProbes = 0
    this.#probe = setInterval(() => this.#ask(), PROBE_MS).unref()
    this.listener.onOutage(this.#lastError)
  }

  /** One question at a time, or they would pile up in a frozen Redis. While a connection is being made, that is the question. */
  #ask(): void {
    this.#silentProbes += 1
    if (this.#silentProbes > PROBES_TO_RECONNECT) {
      this.#silentProbes = 0
      this.redis.disconnect(true)
    } else if (this.#silentProbes === 1 && this.redis.status === 'ready') {
      pingAll(this.redis).then(
        () => this.#close(),
        () => undefined,
      )
    }
  }

  #close(): void {
    this.#failures = 0
    if (!this.#probe) return
    clearInterval(this.#probe)
    this.#probe = undefined
    this.listener.onRecovery(this.decidedInThisOutage)
    this.#decidedHereBefore = this.decidedHere
  }
}

/** Of a cluster every master: a part of the keys is away while one of them is. */
const pingAll = (redis: RedisClient): Promise<unknown> =>
  redis.isCluster ? Promise.all((redis as Cluster).nodes('master').map((node) => node.ping())) : redis.ping()
