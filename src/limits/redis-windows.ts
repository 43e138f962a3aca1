import { Redis } from 'ioredis'
import type { Hit, LimitState, Verdict, Windows } from '../lib/rate-limit/windows.js'
import { TAKE_SCRIPT } from './take-script.js'

/** The longest that an answer waits for Redis. */
const COMMAND_TIMEOUT_MS = 100
const CONNECT_TIMEOUT_MS = 1000
const RECONNECT_MS = { step: 50, longest: 500 }

/** Without a connection it fails at once: what is done instead is for others to decide. */
export const openRedis = (url: string): Redis =>
  new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(attempt * RECONNECT_MS.step, RECONNECT_MS.longest),
  })

type Take = (keyCount: number, ...keysAndArguments: (string | number)[]) => Promise<number[]>

/** The windows in Redis, by its clock, for all processes together. */
export class RedisWindows implements Windows {
  readonly #take: Take
  readonly #prefix: string

  constructor(redis: Redis, prefix: string) {
    redis.defineCommand('takeRateLimits', { lua: TAKE_SCRIPT })
    this.#take = (redis as unknown as { takeRateLimits: Take }).takeRateLimits.bind(redis)
    this.#prefix = prefix
  }

  async take(hits: readonly Hit[]): Promise<Verdict> {
    const keys = hits.map(({ key }) => this.#prefix + key)
    const values = hits.flatMap(({ policy }) => [policy.strategy, policy.quota, policy.windowMs])
    const [waitMs = 0, ...numbers] = await answered(this.#take(hits.length, ...keys, ...values))
    const states = hits.map(
      (_, i): LimitState => ({ remaining: numbers[2 * i] ?? 0, resetMs: numbers[2 * i + 1] ?? 0 }),
    )
    return { isAllowed: waitMs === 0, states, waitMs }
  }
}

/**
 * Rejects when Redis has not answered in time. ioredis has a limit of its own, which takes a busy process for a slow Redis:
 * here an answer that has come meanwhile is read first.
 */
function answered<T>(command: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new Error(`Redis has not answered within ${COMMAND_TIMEOUT_MS} ms`))
    const timer = setTimeout(() => setImmediate(giveUp), COMMAND_TIMEOUT_MS)
    command.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
