import { createIORedisClient, type QueueOptions, RedisConnection, type WorkerOptions } from 'bullmq'
import type { RedisOptions } from 'ioredis'
import { OperatorError } from '../../lib/errors/operator-error.js'
import {
  JOB_OPTIONS,
  producerConnection,
  WORKER_OPTIONS,
  withKeyPrefix,
  workerConnection,
} from '../../lib/jobs/job-options.js'
import { connectRedis, redisPlacesOf } from '../../lib/redis/index.js'
import { inDatabase } from './job-queue.js'
import { postgresBackend } from './traced-backend.js'

type QueueSettings = {
  /** Redis, where there is one; else the database. */
  redisUrl: string | undefined
  databaseUrl: string
  /** What keys in Redis begin with; a database has nothing but its own jobs. */
  keyPrefix: string
  concurrency: number
}

/**
 * BullMQ stops to listen to a connection that it closes. While Redis is away that one still tries to connect, and ioredis
 * would print each failure: there must always be somebody who listens.
 */
RedisConnection.clientFactory = (options) => {
  const { url, host, port, ...others } = options as RedisOptions & { url: string }
  const client = connectRedis(url, others)
  return createIORedisClient(client.on('error', () => undefined))
}

/** BullMQ on Redis or on PostgreSQL: which one the worker uses is decided here and nowhere else. */
export function queueOptions({ redisUrl, databaseUrl, keyPrefix, concurrency }: QueueSettings) {
  const isInRedis = redisUrl !== undefined
  const named = isInRedis ? withKeyPrefix(keyPrefix) : {}
  const adding = {
    ...named,
    connection: isInRedis ? producerConnection(redisUrl) : inDatabase(databaseUrl),
    defaultJobOptions: JOB_OPTIONS,
  }
  const working = {
    ...named,
    connection: isInRedis ? workerConnection(redisUrl) : inDatabase(databaseUrl),
    concurrency,
    ...WORKER_OPTIONS,
  }
  return {
    adding: adding as unknown as QueueOptions,
    working: working as unknown as WorkerOptions,
    backend: (isInRedis ? undefined : postgresBackend(databaseUrl)) as never,
  }
}

/** Why a worker does not start. The message holds no password of the URL. */
export const queueUnreachable = (redisUrl: string | undefined): OperatorError =>
  new OperatorError(
    redisUrl === undefined
      ? 'The job queue in the database does not answer.'
      : `Redis does not answer at ${redisPlacesOf(redisUrl)}: start it, or correct REDIS_URL.`,
  )
