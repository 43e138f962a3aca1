import { backoffMs } from './backoff.js'

export const QUEUE_NAME = 'groundwork'

/** Over some twenty hours: a mail server may be away for a night. */
const ATTEMPTS = 30

export const JOB_OPTIONS = {
  attempts: ATTEMPTS,
  backoff: { type: 'custom' },
  removeOnComplete: { age: 86_400, count: 1000 },
  removeOnFail: false,
}

/** A worker that is killed leaves its job behind "stalled": however often that happens, the job is not to blame. */
const MAX_STALLED_COUNT = 1_000_000

export const WORKER_OPTIONS = {
  maxStalledCount: MAX_STALLED_COUNT,
  settings: { backoffStrategy: (attempt: number) => backoffMs(attempt) },
}

/** A worker waits for Redis for as long as it takes. */
export const inRedis = (url: string) => ({ url, maxRetriesPerRequest: null })
