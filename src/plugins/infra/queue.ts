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
      /** Adding the same id again changes nothing. */
      add: (job: QueuedJob) => Promise<void>
      /** True for an id that the queue has done with, which it does not take again until it is removed. */
      isFinished: (id: string) => Promise<boolean>
      remove: (id: string) => Promise<unknown>
      /** Hands jobs and ticks to `work` from now on, until the app closes. */
      process: (work: (delivery: Delivery) => Promise<void>) => Promise<void>
      schedulers: Pick<Queue, 'getJobSchedulers' | 'upsertJobScheduler' | 'removeJobScheduler'>
    }
  }
}

/** Less than Fastify gives a plugin. */
const START_TIMEOUT_MS = 5_000

/** Together with what else closes, less than the process has for it. */
const CLOSE_TIMEOUT_MS = 4_000

/** The queue between the outbox and who does its jobs: BullMQ, which may lose everything. */
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
    app.log.warn('the job queue does not close: its unfinished jobs are left to another worker')
  })
}

export default fp(queue, { name: 'queue' })
