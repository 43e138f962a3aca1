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
  /** Undefined without Redis: the queue is then in the database. */
  redisUrl: string | undefined
  databaseUrl: string
  /** The prefix of keys in Redis. Not used in the database, which holds only one deployment's jobs. */
  keyPrefix: string
  /** How many jobs the worker runs at a time. */
  concurrency: number
}

/**
 * Every client gets an error listener. BullMQ removes its own from a connection that it closes, but
 * during an outage that connection still retries, and ioredis prints errors without a listener.
 */
RedisConnection.clientFactory = (options) => {
  const { url, host, port, ...others } = options as RedisOptions & { url: string }
  const client = connectRedis(url, others)
  return createIORedisClient(client.on('error', () => undefined))
}

/** The options for BullMQ on Redis or on PostgreSQL. Only this function decides between the two. */
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

/** The reason why a worker does not start. The message does not contain the URL's password. */
export const queueUnreachable = (redisUrl: string | undefined): OperatorError =>
  new OperatorError(
    redisUrl === undefined
      ? 'The job queue in the database does not answer.'
      : `Redis does not answer at ${redisPlacesOf(redisUrl)}: start it, or correct REDIS_URL.`,
  )
