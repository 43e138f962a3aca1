import { backoffMs } from './backoff.js'

export const QUEUE_NAME = 'jobs'

/** The prefix of all keys of the queue. The braces make Redis Cluster keep all of them on one node. */
export const withKeyPrefix = (keyPrefix: string) => ({ prefix: `{${keyPrefix}}` })

/** Takes ten to twenty hours in total: a mail server may be down for a night. */
export const MAX_ATTEMPTS = 30

/** A schedule runs again anyway, and the operator should learn soon that it fails. */
export const MAX_SCHEDULED_ATTEMPTS = 5

/** The queue itself never gives up: the outbox counts the attempts and decides. */
const UNLIMITED = 1_000_000

/** The defaults of all jobs. Ages are in seconds. */
export const JOB_OPTIONS = {
  attempts: UNLIMITED,
  backoff: { type: 'custom' },
  stackTraceLimit: 1,
  removeOnComplete: { age: 86_400, count: 1000 },
  removeOnFail: { age: 604_800, count: 1000 },
}

/** A tick only enqueues a job. The next tick replaces it, so nothing of a finished tick is kept. */
export const TICK_OPTIONS = {
  attempts: MAX_SCHEDULED_ATTEMPTS,
  backoff: { type: 'custom' },
  removeOnComplete: true,
  removeOnFail: true,
}

export const WORKER_OPTIONS = {
  // A killed worker leaves its job "stalled". That is not the job's fault, however often it happens.
  maxStalledCount: UNLIMITED,
  settings: { backoffStrategy: (attempt: number) => backoffMs(attempt) },
}

/** Workers wait for Redis without limit. */
export const workerConnection = (url: string) => ({ url, maxRetriesPerRequest: null })

/**
 * Producers fail at once while Redis is down: the jobs are safe in the outbox, and none pile up in
 * memory.
 */
export const producerConnection = (url: string) => ({
  url,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  commandTimeout: 3_000,
})
