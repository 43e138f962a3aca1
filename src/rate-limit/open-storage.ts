import { type EventEmitter, once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Windows } from './moving-window.js'
import { MemoryWindows } from './moving-window-in-memory.js'
import { type OutageListener, RedisWithLocalFallback } from './redis-with-local-fallback.js'
import type { StorageStats } from './stats.js'

const FIRST_CONNECTION_MS = 1000

export type LimitStorage = {
  windows: Windows
  /** `ok`, or `degraded:` with the reason. */
  check: () => string
  stats: () => StorageStats
  close: () => void
}

export type LimitStorageOptions = { redisUrl: string | undefined; keyPrefix: string; log: FastifyBaseLogger }

/**
 * Counts in Redis, or without a `redisUrl` in this process. Waits for Redis for at most one second, so
 * that a start does not depend on it. `keyPrefix` is the beginning of all keys in Redis.
 */
export async function openLimitStorage({
  redisUrl,
  keyPrefix,
  log,
}: LimitStorageOptions): Promise<LimitStorage> {
  const local = new MemoryWindows()
  if (redisUrl === undefined) return inMemory(local)
  // The client is a tenth of what the API would load otherwise.
  const { openRedis, RedisWindows } = await import('./moving-window-in-redis.js')
  const redis = openRedis(redisUrl)
  const windows = new RedisWithLocalFallback(
    redis,
    new RedisWindows(redis, keyPrefix),
    local,
    logOutages(log),
  )
  const timeout = new AbortController()
  const { signal } = timeout
  await Promise.race([
    once(redis as EventEmitter, 'ready', { signal }),
    delay(FIRST_CONNECTION_MS, undefined, { signal }),
  ]).catch(() => undefined)
  timeout.abort()
  return {
    windows,
    check: () =>
      windows.isDegraded
        ? `degraded: Redis does not answer, so this process counts alone (${windows.decidedInThisOutage} requests so far)`
        : 'ok',
    stats: () => ({
      storage: 'redis',
      isDegraded: windows.isDegraded,
      decidedHere: windows.decidedHere,
      localKeys: local.size,
    }),
    close: () => windows.end(),
  }
}

const inMemory = (windows: MemoryWindows): LimitStorage => ({
  windows,
  check: () => 'ok',
  stats: () => ({ storage: 'memory', isDegraded: false, decidedHere: 0, localKeys: windows.size }),
  close: () => undefined,
})

const logOutages = (log: FastifyBaseLogger): OutageListener => ({
  onOutage: (err) => log.warn({ err }, 'Redis is down: each process counts rate limits on its own'),
  onRecovery: (decidedHere) => log.info({ decidedHere }, 'rate limits are counted in Redis again'),
})
