import { connectRedis, type RedisClient } from '../lib/redis/index.js'
import type { Hit, LimitState, Verdict, Windows } from './moving-window.js'
import { TAKE_SCRIPT } from './moving-window-script.js'

/** The longest time that a request waits for Redis. */
const COMMAND_TIMEOUT_MS = 100
const CONNECT_TIMEOUT_MS = 1000
const RECONNECT_MS = { step: 50, longest: 500 }

/** Commands fail at once while there is no connection, so that the caller can fall back. */
export const openRedis = (url: string): RedisClient =>
  connectRedis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(attempt * RECONNECT_MS.step, RECONNECT_MS.longest),
  })

type Callback = (error: Error | null | undefined, numbers?: number[]) => void
type Take = (keyCount: number, ...keysAndArguments: (string | number | Callback)[]) => void

/** The `reject` functions of the calls of one turn of the event loop that have no reply yet. */
type Turn = Set<(error: Error) => void>

/** Windows in Redis, by its clock, shared by all processes. */
export class RedisWindows implements Windows {
  readonly #redis: RedisClient
  readonly #take: Take
  readonly #prefix: string
  #turn: Turn | undefined

  constructor(redis: RedisClient, prefix: string) {
    redis.defineCommand('takeRateLimits', { lua: TAKE_SCRIPT })
    this.#redis = redis
    this.#take = (redis as unknown as { takeRateLimits: Take }).takeRateLimits.bind(redis)
    this.#prefix = prefix
  }

  /**
   * Rejects when Redis does not reply in time. Uses callbacks, because each promise costs every request
   * time.
   */
  take(hits: readonly Hit[]): Promise<Verdict> {
    const keys = hits.map(({ key }) => this.#prefix + key)
    const values = hits.flatMap(({ policy }) => [policy.strategy, policy.quota, policy.windowMs])
    return new Promise((resolve, reject) => {
      const turn = this.#currentTurn()
      turn.add(reject)
      this.#take(hits.length, ...keys, ...values, (error, numbers = []) => {
        turn.delete(reject)
        if (error) reject(error)
        else resolve(verdictOf(hits, numbers))
      })
    })
  }

  /**
   * Calls of one turn of the event loop are sent to Redis in one write, because the write is most of
   * the cost of a call. The timeout starts with the write, and replies that have arrived are read
   * before it fires: a busy process must not be taken for a slow Redis.
   */
  #currentTurn(): Turn {
    if (this.#turn) return this.#turn
    const turn: Turn = new Set()
    this.#turn = turn
    // A cluster has one connection per node. These are not corked.
    const stream = 'stream' in this.#redis ? this.#redis.stream : undefined
    stream?.cork()
    setImmediate(() => {
      this.#turn = undefined
      stream?.uncork()
      setTimeout(() => setImmediate(rejectAll, turn), COMMAND_TIMEOUT_MS).unref()
    })
    return turn
  }
}

function rejectAll(turn: Turn): void {
  for (const reject of turn) reject(new Error(`Redis did not respond within ${COMMAND_TIMEOUT_MS} ms`))
}

function verdictOf(hits: readonly Hit[], [waitMs = 0, ...numbers]: number[]): Verdict {
  const states = hits.map(
    (_, i): LimitState => ({ remaining: numbers[2 * i] ?? 0, resetMs: numbers[2 * i + 1] ?? 0 }),
  )
  return { isAllowed: waitMs === 0, states, waitMs }
}
