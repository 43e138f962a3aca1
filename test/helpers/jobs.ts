import { Queue } from 'bullmq'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { inRedis, QUEUE_NAME } from '../../src/lib/job-options.js'
import db from '../../src/plugins/db.js'
import metrics from '../../src/plugins/metrics.js'
import queue from '../../src/plugins/queue.js'
import workers from '../../src/workers/index.js'
import type { Schedules } from '../../src/workers/processor.js'
import { clientOptions } from './audit.js'
import type { TestDatabase } from './database.js'
import { UNMEASURED } from './metrics.js'

/** Where jobs are queued: in Redis, or without a URL in the database. */
export type Backend = { REDIS_URL?: string }

type Work = (t: Test, backend: Backend) => Promise<void>

/** Declares the test for both backends. Files that run side by side must not share a Redis database. */
export function onEachBackend(redisDatabase: number, title: string, work: Work): void {
  t.test(`${title} (PostgreSQL)`, (t) => work(t, {}))
  const url = process.env.REDIS_TEST_URL
  const skip = url === undefined && 'REDIS_TEST_URL names no Redis'
  t.test(`${title} (Redis)`, { skip }, async (t) => {
    const REDIS_URL = new URL(`/${redisDatabase}`, url).href
    await emptyQueue(REDIS_URL)
    t.teardown(() => emptyQueue(REDIS_URL))
    await work(t, { REDIS_URL })
  })
}

/** As if Redis had lost everything. */
export async function emptyQueue(redisUrl: string): Promise<void> {
  const jobs = new Queue(QUEUE_NAME, { connection: inRedis(redisUrl) })
  await jobs.obliterate({ force: true })
  await jobs.close()
}

type JobAppOptions = { database: TestDatabase; backend: Backend; schedules?: Schedules }

/** What jobs need of the worker, and nothing else. With schedules it does jobs, too. */
export async function buildJobApp(t: Test, options: JobAppOptions): Promise<FastifyInstance> {
  const { url } = options.database
  const app = Fastify() as unknown as FastifyInstance
  t.teardown(() => app.close())
  await app.register(metrics, UNMEASURED)
  await app.register(db, clientOptions(url, 2))
  await app.register(queue, { databaseUrl: url, redisUrl: options.backend.REDIS_URL, concurrency: 2 })
  if (options.schedules) await app.register(workers, { databaseUrl: url, schedules: options.schedules })
  await app.ready()
  return app
}

/** The queue itself, for what only a test wants to know. */
export const queueOf = (app: FastifyInstance): Queue => app.queue.schedulers as Queue
