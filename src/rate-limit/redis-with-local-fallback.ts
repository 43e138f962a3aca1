// No library serves: circuit breakers such as cockatiel and opossum probe with a caller's request, which then
// waits.
import type { Cluster } from 'ioredis'
import type { RedisClient } from '../lib/redis/index.js'
import type { Hit, Verdict, Windows } from './moving-window.js'
import type { MemoryWindows } from './moving-window-in-memory.js'

const FAILURES_TO_OPEN = 3
const PROBE_MS = 500
/**
 * After this many probes without a reply the connection is replaced: its other end may be gone without
 * closing it.
 */
const PROBES_TO_RECONNECT = 4

export type OutageListener = {
  onOutage: (err: Error) => void
  /** `decidedHere`: the requests that this process decided alone during the outage. */
  onRecovery: (decidedHere: number) => void
}

/**
 * Counts in Redis, and in this process while Redis is down, so that an outage neither lifts the limits nor
 * refuses all requests. A circuit breaker keeps requests from waiting for Redis, and probes it in the
 * background.
 */
export class RedisWithLocalFallback implements Windows {
  /** Requests that this process decided while Redis was down. */
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
    // The requests that this process allowed are part of those in Redis: when they alone exceed the
    // quota, Redis would refuse, too.
    const refusal = this.local.findRefusal(hits)
    if (refusal) return refusal
    if (this.isDegraded || this.redis.status !== 'ready') return this.#takeHere(hits)
    // Taken before the call, so that no local entry outlives the one in Redis.
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
    this.#probe = setInterval(() => this.#probeOnce(), PROBE_MS).unref()
    this.listener.onOutage(this.#lastError)
  }

  /**
   * Sends one ping at a time, because pings would pile up in a frozen Redis. A connection attempt also
   * counts.
   */
  #probeOnce(): void {
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

/** Pings every master of a cluster: while one is down, a part of the keys is unavailable. */
const pingAll = (redis: RedisClient): Promise<unknown> =>
  redis.isCluster ? Promise.all((redis as Cluster).nodes('master').map((node) => node.ping())) : redis.ping()
