import { createPostgresBackend, Queue, type QueueOptions } from 'bullmq'
import { withTimeout } from '../../lib/async/with-timeout.js'
import { QUEUE_NAME, withKeyPrefix } from '../../lib/jobs/job-options.js'
import { connectRedis } from '../../lib/redis/index.js'
import { inDatabase } from './job-queue.js'

/** A queue and its connection. */
export type OpenQueue = { queue: Queue; close: () => Promise<void> }

type OpenQueueOptions = {
  /** Undefined without Redis: the queue is then in the database. */
  redisUrl: string | undefined
  databaseUrl: string
  keyPrefix: string
  /** Called with the first error, and then not again. */
  onError: (error: unknown) => void
}

/** Short, because the queue is shown to a person who waits. */
const TIMEOUT_MS = 1_000
const CLOSE_TIMEOUT_MS = 1_000

/** Opens the worker's queue for the dashboard. Timeouts are short, and it does not reconnect to Redis. */
export function openQueue({ redisUrl, databaseUrl, keyPrefix, onError }: OpenQueueOptions): OpenQueue {
  const redis = redisUrl === undefined ? undefined : connectOnce(redisUrl)
  const connection = redis ?? inDatabase(databaseUrl, TIMEOUT_MS)
  const options = {
    connection,
    ...(redis && withKeyPrefix(keyPrefix)),
    skipMetasUpdate: true,
  } as unknown as QueueOptions
  const queue = new Queue(QUEUE_NAME, options, redis ? undefined : (createPostgresBackend as never))
  // Reports once: the client, its connection and the queue each report the same failure.
  let isClosed = false
  const report = (error: unknown) => {
    if (!isClosed) onError(error)
    isClosed = true
  }
  redis?.on('error', report)
  queue.on('error', report)
  return {
    queue,
    close: async () => {
      isClosed = true
      redis?.disconnect()
      await withTimeout(CLOSE_TIMEOUT_MS, queue.close()).catch(() => undefined)
    },
  }
}

const connectOnce = (url: string) =>
  connectRedis(url, {
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })

/** False if the queue does not respond within a second. */
export const isReachable = async ({ queue }: OpenQueue): Promise<boolean> =>
  (await withTimeout(TIMEOUT_MS, queue.isPaused()).catch(() => undefined)) !== undefined
