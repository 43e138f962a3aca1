import { backoffMs } from './backoff.js'

export const QUEUE_NAME = 'groundwork'

/** Of all keys of the queue: in braces, by which Redis Cluster keeps what one script needs on one node. */
export const namedBy = (keyPrefix: string) => ({ prefix: `{${keyPrefix}}` })

/** Over ten to twenty hours: a mail server may be away for a night. */
export const MAX_ATTEMPTS = 30

/** A schedule comes again by itself, and somebody should know soon that it fails. */
export const MAX_SCHEDULED_ATTEMPTS = 5

/** The outbox counts what fails, and says when it has been enough. */
const UNLIMITED = 1_000_000

export const JOB_OPTIONS = {
  attempts: UNLIMITED,
  backoff: { type: 'custom' },
  stackTraceLimit: 1,
  removeOnComplete: { age: 86_400, count: 1000 },
  removeOnFail: { age: 604_800, count: 1000 },
}

/** A tick only asks for a job. It is worth little when the next one comes, and nothing needs to be kept of it. */
export const TICK_OPTIONS = {
  attempts: MAX_SCHEDULED_ATTEMPTS,
  backoff: { type: 'custom' },
  removeOnComplete: true,
  removeOnFail: true,
}

export const WORKER_OPTIONS = {
  // A worker that is killed leaves its job behind "stalled": however often that happens, the job is not to blame.
  maxStalledCount: UNLIMITED,
  settings: { backoffStrategy: (attempt: number) => backoffMs(attempt) },
}

/** A worker waits for Redis for as long as it takes. */
export const inRedis = (url: string) => ({ url, maxRetriesPerRequest: null })

/** Whoever hands jobs over does not wait: they are in the outbox, and nothing piles up here. */
export const inRedisOrFail = (url: string) => ({
  url,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  commandTimeout: 3_000,
})
