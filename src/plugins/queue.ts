import { createPostgresBackend, Queue, type QueueOptions, Worker, type WorkerOptions } from 'bullmq'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { inDatabase } from '../db/job-queue.js'
import { inRedis, JOB_OPTIONS, QUEUE_NAME, WORKER_OPTIONS } from '../lib/job-options.js'
import { type Delivery, deliveryOf, type QueuedJob } from '../lib/queued-job.js'

declare module 'fastify' {
  interface FastifyInstance {
    queue: {
      /** Adding the same id again changes nothing. */
      add: (job: QueuedJob) => Promise<void>
      /** Hands jobs and ticks to `work` from now on, until the app closes. */
      process: (work: (delivery: Delivery) => Promise<void>) => Promise<void>
      schedulers: Pick<Queue, 'getJobSchedulers' | 'upsertJobScheduler' | 'removeJobScheduler'>
    }
  }
}

export type QueueSettings = {
  /** Redis, where there is one; else the database. */
  redisUrl: string | undefined
  databaseUrl: string
  concurrency: number
}

/** BullMQ on Redis or on PostgreSQL: which one is decided here and nowhere else. */
async function queue(app: FastifyInstance, { redisUrl, databaseUrl, concurrency }: QueueSettings) {
  const backend = redisUrl === undefined ? createPostgresBackend : undefined
  const connection = redisUrl === undefined ? inDatabase(databaseUrl) : inRedis(redisUrl)
  const onError = (err: Error) => {
    if (!isClosing) app.log.warn({ err }, 'the job queue has a problem')
  }
  let isClosing = false
  let worker: Worker | undefined

  const options = { connection, defaultJobOptions: JOB_OPTIONS } as unknown as QueueOptions
  const jobs = new Queue(QUEUE_NAME, options, backend as never)
  jobs.on('error', onError)

  app.decorate('queue', {
    schedulers: jobs,
    add: async ({ id, name }) => {
      await jobs.add(name, {}, { jobId: id })
    },
    process: async (work) => {
      const workerOptions = { connection, concurrency, ...WORKER_OPTIONS } as unknown as WorkerOptions
      worker = new Worker(QUEUE_NAME, (job) => work(deliveryOf(job)), workerOptions, backend as never)
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
