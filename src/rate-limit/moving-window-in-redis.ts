import { connectRedis, type RedisClient } from '../lib/redis/index.js'
import { TAKE_SCRIPT } from './moving-window-script.js'
import type { Hit, LimitState, Verdict, Windows } from './windows.js'

/** The longest that an answer waits for Redis. */
const COMMAND_TIMEOUT_MS = 100
const CONNECT_TIMEOUT_MS = 1000
const RECONNECT_MS = { step: 50, longest: 500 }

/** Without a connection it fails at once: what is done instead is for others to decide. */
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

/** The questions of one turn that have no answer yet. */
type Turn = Set<(error: Error) => void>

/** The windows in Redis, by its clock, for all processes together. */
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

  /** Rejects when Redis has not answered in time. With callbacks, for every request pays for each promise. */
  take(hits: readonly Hit[]): Promise<Verdict> {
    const keys = hits.map(({ key }) => this.#prefix + key)
    const values = hits.flatMap(({ policy }) => [policy.strategy, policy.quota, policy.windowMs])
    return new Promise((resolve, reject) => {
      const turn = this.#gather()
      turn.add(reject)
      this.#take(hits.length, ...keys, ...values, (error, numbers = []) => {
        turn.delete(reject)
        if (error) reject(error)
        else resolve(verdictOf(hits, numbers))
      })
    })
  }

  /**
   * What is asked in one turn of the event loop goes to Redis in one piece, for most of what a question costs is its way there.
   * The time runs from then on: a process that was busy meanwhile is no slow Redis, and an answer that has come is read first.
   */
  #gather(): Turn {
    if (this.#turn) return this.#turn
    const turn: Turn = new Set()
    this.#turn = turn
    // A cluster has a connection to each node, which are left as they are.
    const stream = 'stream' in this.#redis ? this.#redis.stream : undefined
    stream?.cork()
    setImmediate(() => {
      this.#turn = undefined
      stream?.uncork()
      setTimeout(() => setImmediate(giveUp, turn), COMMAND_TIMEOUT_MS).unref()
    })
    return turn
  }
}

function giveUp(turn: Turn): void {
  for (const reject of turn) reject(new Error(`Redis has not answered within ${COMMAND_TIMEOUT_MS} ms`))
}

function verdictOf(hits: readonly Hit[], [waitMs = 0, ...numbers]: number[]): Verdict {
  const states = hits.map(
    (_, i): LimitState => ({ remaining: numbers[2 * i] ?? 0, resetMs: numbers[2 * i + 1] ?? 0 }),
  )
  return { isAllowed: waitMs === 0, states, waitMs }
}
