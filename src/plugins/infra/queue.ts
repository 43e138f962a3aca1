import { Queue, Worker } from 'bullmq'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { queueOptions, queueUnreachable } from '../../db/queue/queue-options.js'
import { withTimeout } from '../../lib/async/with-timeout.js'
import { QUEUE_NAME } from '../../lib/jobs/job-options.js'
import { type Delivery, deliveryOf, isFinished, type QueuedJob } from '../../lib/jobs/queued-job.js'
import { outageLog } from '../../lib/observability/outage-log.js'

declare module 'fastify' {
  interface FastifyInstance {
    queue: {
      /** Idempotent: adding the same id again changes nothing. */
      add: (job: QueuedJob) => Promise<void>
      /** True for a completed or failed id. The queue does not accept it again until it is removed. */
      isFinished: (id: string) => Promise<boolean>
      remove: (id: string) => Promise<unknown>
      /**
       * Passes jobs and ticks to `work` until the app closes.
       *
       * @throws {OperatorError} when the queue cannot be reached within 5 seconds
       */
      process: (work: (delivery: Delivery) => Promise<void>) => Promise<void>
      schedulers: Pick<Queue, 'getJobSchedulers' | 'upsertJobScheduler' | 'removeJobScheduler'>
    }
  }
}

/** Less than Fastify's timeout for a plugin. */
const START_TIMEOUT_MS = 5_000

/** Leaves time for the other plugins to close before the process is ended. */
const CLOSE_TIMEOUT_MS = 4_000

/**
 * The BullMQ queue between the outbox and the workers. It may lose all its data: the outbox fills it again.
 */
async function queue(app: FastifyInstance, settings: Parameters<typeof queueOptions>[0]) {
  const { adding, working, backend } = queueOptions(settings)
  const log = outageLog(app.log)
  const jobs = new Queue(QUEUE_NAME, adding, backend)
  jobs.on('error', log.onError)
  let worker: Worker | undefined

  app.decorate('queue', {
    schedulers: jobs,
    add: async ({ id, name }) => {
      await jobs.add(name, {}, { jobId: id })
    },
    isFinished: async (id) => isFinished(await jobs.getJobState(id)),
    remove: (id) => jobs.remove(id),
    process: async (work) => {
      worker = new Worker(QUEUE_NAME, (job) => work(deliveryOf(job)), working, backend)
      worker.on('error', log.onError).on('active', log.onWork)
      const ready = Promise.all([jobs.waitUntilReady(), worker.waitUntilReady()])
      if (!(await withTimeout(START_TIMEOUT_MS, ready))) throw queueUnreachable(settings.redisUrl)
    },
  })
  app.addHook('onClose', async () => {
    log.end()
    const closed = Promise.allSettled([worker?.close(), jobs.close()])
    if (await withTimeout(CLOSE_TIMEOUT_MS, closed)) return
    app.log.warn('the job queue did not close in time: its unfinished jobs are left to another worker')
  })
}

export default fp(queue, { name: 'queue' })
