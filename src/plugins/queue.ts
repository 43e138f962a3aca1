import { createPostgresBackend, Queue, type QueueOptions, Worker, type WorkerOptions } from 'bullmq'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { JOB_SCHEMA } from '../db/job-queue.js'
import { backoffMs } from '../lib/backoff.js'

export type QueuedJob = { id: string; name: string; payload: unknown }

declare module 'fastify' {
  interface FastifyInstance {
    queue: {
      /** Adding the same id again changes nothing. */
      add: (job: QueuedJob) => Promise<void>
      /** Hands jobs to `work` from now on, until the app closes. */
      process: (work: (job: QueuedJob) => Promise<void>) => Promise<void>
    }
  }
}

export type QueueSettings = {
  /** Redis, where there is one; else the database. */
  redisUrl: string | undefined
  databaseUrl: string
  concurrency: number
}

const QUEUE_NAME = 'groundwork'
const POOL_MAX = 3

/** Over some twenty hours: a mail server may be away for a night. */
const ATTEMPTS = 30

/** A worker that is killed leaves its job behind "stalled": however often that happens, the job is not to blame. */
const MAX_STALLED_COUNT = 1_000_000

const JOB_OPTIONS = {
  attempts: ATTEMPTS,
  backoff: { type: 'custom' },
  removeOnComplete: { age: 86_400, count: 1000 },
  removeOnFail: false,
}

/** BullMQ on Redis or on PostgreSQL: which one is decided here and nowhere else. */
async function queue(app: FastifyInstance, { redisUrl, databaseUrl, concurrency }: QueueSettings) {
  const backend = redisUrl === undefined ? createPostgresBackend : undefined
  const connection =
    redisUrl === undefined
      ? { connectionString: databaseUrl, schema: JOB_SCHEMA, max: POOL_MAX }
      : { url: redisUrl, maxRetriesPerRequest: null }
  const onError = (err: Error) => {
    if (!isClosing) app.log.warn({ err }, 'the job queue has a problem')
  }
  let isClosing = false
  let worker: Worker | undefined

  const options = { connection, defaultJobOptions: JOB_OPTIONS } as unknown as QueueOptions
  const jobs = new Queue(QUEUE_NAME, options, backend as never)
  jobs.on('error', onError)

  app.decorate('queue', {
    add: async ({ id, name, payload }) => {
      await jobs.add(name, payload, { jobId: id })
    },
    process: async (work) => {
      const workerOptions = {
        connection,
        concurrency,
        maxStalledCount: MAX_STALLED_COUNT,
        settings: { backoffStrategy: (attempt: number) => backoffMs(attempt) },
      } as unknown as WorkerOptions
      const processor = ({ id = '', name, data }: { id?: string; name: string; data: unknown }) =>
        work({ id, name, payload: data })
      worker = new Worker(QUEUE_NAME, processor, workerOptions, backend as never)
      worker.on('error', onError)
      await worker.waitUntilReady()
    },
  })
  app.addHook('onClose', async () => {
    isClosing = true
    await worker?.close()
    await jobs.close()
  })
}

export default fp(queue, { name: 'queue' })
