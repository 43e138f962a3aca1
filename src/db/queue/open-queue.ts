import { createPostgresBackend, Queue, type QueueOptions } from 'bullmq'
import { withTimeout } from '../../lib/async/with-timeout.js'
import { QUEUE_NAME, withKeyPrefix } from '../../lib/jobs/job-options.js'
import { connectRedis } from '../../lib/redis/index.js'
import { inDatabase } from './job-queue.js'

export type OpenQueue = { queue: Queue; close: () => Promise<void> }

type OpenQueueOptions = {
  /** Redis, where there is one; else the database. */
  redisUrl: string | undefined
  databaseUrl: string
  keyPrefix: string
  onError: (error: unknown) => void
}

/** Whoever looks at the queue waits in front of a screen. */
const TIMEOUT_MS = 1_000
const CLOSE_TIMEOUT_MS = 1_000

/** The queue of the worker, for looking at: it waits for nothing for long, and connects once and not again. */
export function openQueue({ redisUrl, databaseUrl, keyPrefix, onError }: OpenQueueOptions): OpenQueue {
  const redis = redisUrl === undefined ? undefined : connectOnce(redisUrl)
  const connection = redis ?? inDatabase(databaseUrl, TIMEOUT_MS)
  const options = {
    connection,
    ...(redis && withKeyPrefix(keyPrefix)),
    skipMetasUpdate: true,
  } as unknown as QueueOptions
  const queue = new Queue(QUEUE_NAME, options, redis ? undefined : (createPostgresBackend as never))
  // Once: a lost connection is told by the client, by its connection and by the queue.
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

/** False when the queue cannot be reached, or not soon. */
export const isAnswering = async ({ queue }: OpenQueue): Promise<boolean> =>
  (await withTimeout(TIMEOUT_MS, queue.isPaused()).catch(() => undefined)) !== undefined
