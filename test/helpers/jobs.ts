import { randomBytes } from 'node:crypto'
import type { Queue } from 'bullmq'
import Fastify, { type FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import type postgres from 'postgres'
import { findKeyPrefix } from '../../src/db/queue/key-prefix.js'
import db from '../../src/plugins/infra/db.js'
import metrics from '../../src/plugins/infra/metrics.js'
import queue from '../../src/plugins/infra/queue.js'
import workers from '../../src/workers/index.js'
import type { Schedules } from '../../src/workers/processor.js'
import t, { type Test } from '../tap.js'
import { clientOptions } from './audit.js'
import type { TestDatabase } from './database.js'
import { eventually } from './eventually.js'
import { UNMEASURED } from './metrics.js'

/** Where jobs are queued: in Redis under a prefix of the test, or in the database without a URL. */
export type Backend = { REDIS_URL?: string; REDIS_KEY_PREFIX?: string }

type Work = (t: Test, backend: Backend) => Promise<void>

/** Declares the test for both backends. */
export function onEachBackend(title: string, work: Work): void {
  t.test(`${title} (PostgreSQL)`, (t) => work(t, {}))
  const url = process.env.REDIS_TEST_URL
  const skip = url === undefined && 'REDIS_TEST_URL is not set'
  t.test(`${title} (Redis)`, { skip }, async (t) => {
    const backend = { REDIS_URL: String(url), REDIS_KEY_PREFIX: ownKeyPrefix() }
    t.teardown(() => forgetKeys(backend))
    await work(t, backend)
  })
}

export const ownKeyPrefix = () => `test:${randomBytes(6).toString('hex')}`

/** Deletes all keys of the test, as if Redis had lost them. */
export async function forgetKeys({ REDIS_URL, REDIS_KEY_PREFIX }: Backend): Promise<void> {
  if (REDIS_URL === undefined) return
  const redis = new Redis(REDIS_URL)
  const keys = await redis.keys(`*${REDIS_KEY_PREFIX}*`)
  if (keys.length > 0) await redis.unlink(keys)
  redis.disconnect()
}

/** Waits until every job is done. */
export async function jobsAreDone(sql: postgres.Sql): Promise<void> {
  await eventually(async () => (await sql`select from outbox where done_at is null`).length === 0)
}

type JobAppOptions = { database: TestDatabase; backend: Backend; schedules?: Schedules }

/** An app with only the plugins that jobs need. With `schedules` it also runs jobs. */
export async function buildJobApp(t: Test, options: JobAppOptions): Promise<FastifyInstance> {
  const { url } = options.database
  const { REDIS_URL: redisUrl, REDIS_KEY_PREFIX } = options.backend
  const app = Fastify() as unknown as FastifyInstance
  t.teardown(() => app.close())
  await app.register(metrics, UNMEASURED)
  await app.register(db, clientOptions(url, 2))
  const keyPrefix = await findKeyPrefix({ REDIS_URL: redisUrl, REDIS_KEY_PREFIX }, app.checkDatabase)
  await app.register(queue, { databaseUrl: url, redisUrl, keyPrefix, concurrency: 2 })
  if (options.schedules) await app.register(workers, { databaseUrl: url, schedules: options.schedules })
  await app.ready()
  return app
}

/** The queue of BullMQ itself, for details that only tests need. */
export const queueOf = (app: FastifyInstance): Queue => app.queue.schedulers as Queue
