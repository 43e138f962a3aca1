import { createIORedisClient, type QueueOptions, RedisConnection, type WorkerOptions } from 'bullmq'
import { Redis } from 'ioredis'
import { inRedis, inRedisOrFail, JOB_OPTIONS, WORKER_OPTIONS } from '../lib/job-options.js'
import { inDatabase } from './job-queue.js'
import { postgresBackend } from './traced-backend.js'

type QueueSettings = {
  /** Redis, where there is one; else the database. */
  redisUrl: string | undefined
  databaseUrl: string
  concurrency: number
}

/**
 * BullMQ stops to listen to a connection that it closes. While Redis is away that one still tries to connect, and ioredis
 * would print each failure: there must always be somebody who listens.
 */
RedisConnection.clientFactory = (options) => {
  const { url } = options as { url?: string }
  const client = url === undefined ? new Redis(options) : new Redis(url, options)
  return createIORedisClient(client.on('error', () => undefined))
}

/** BullMQ on Redis or on PostgreSQL: which one the worker uses is decided here and nowhere else. */
export function queueOptions({ redisUrl, databaseUrl, concurrency }: QueueSettings) {
  const isInRedis = redisUrl !== undefined
  const adding = {
    connection: isInRedis ? inRedisOrFail(redisUrl) : inDatabase(databaseUrl),
    defaultJobOptions: JOB_OPTIONS,
  }
  const working = {
    connection: isInRedis ? inRedis(redisUrl) : inDatabase(databaseUrl),
    concurrency,
    ...WORKER_OPTIONS,
  }
  return {
    adding: adding as unknown as QueueOptions,
    working: working as unknown as WorkerOptions,
    backend: (isInRedis ? undefined : postgresBackend(databaseUrl)) as never,
  }
}

/** Why a worker does not start. The URL may hold a password. */
export const explainSilence = (redisUrl: string | undefined): string =>
  redisUrl === undefined
    ? 'The job queue in the database does not answer.'
    : `Redis does not answer at ${new URL(redisUrl).host}: start it, or correct REDIS_URL.`
