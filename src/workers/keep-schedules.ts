import type { FastifyInstance } from 'fastify'
import { withAdvisoryLock } from '../db/driver/advisory-lock.js'
import { isAhead } from '../db/lifecycle/readiness.js'
import { enqueueScheduled } from '../db/queries/jobs/outbox.js'
import { TICK_OPTIONS } from '../lib/jobs/job-options.js'
import type { Schedules, When } from './processor.js'

/** When a queue that lost its schedulers, as a Redis without persistence does, has them back at the latest. */
const INTERVAL_MS = 300_000

/** The schedulers of the queue are those of the table of contents, for as long as the app is open. */
export async function keepSchedules(app: FastifyInstance, schedules: Schedules): Promise<void> {
  await reconcile(app, schedules)
  for (const [name, { atStart }] of Object.entries(schedules)) {
    if (atStart) await enqueueScheduled(app.db, name)
  }
  const keeping = setInterval(() => {
    reconcile(app, schedules).catch((err) => app.log.warn({ err }, 'the schedules could not be looked after'))
  }, INTERVAL_MS)
  app.addHook('onClose', async () => clearInterval(keeping))
}

/**
 * Processes that start together take turns: the first one makes what is missing, and the others find it made. What a newer
 * release has made or changed stays while the database is ahead of this one.
 */
export async function reconcile(app: FastifyInstance, schedules: Schedules): Promise<void> {
  const { schedulers } = app.queue
  // Before its turn, which holds a connection: behind a pooler there may be no second one.
  const ahead = await app.checkDatabase(isAhead)
  return withAdvisoryLock(app.db, 'job schedules', async () => {
    const present = new Map(
      (await schedulers.getJobSchedulers()).map((scheduler) => [scheduler.key, scheduler]),
    )
    for (const key of ahead ? [] : present.keys()) {
      if (!Object.hasOwn(schedules, key)) await schedulers.removeJobScheduler(key)
    }
    for (const [name, schedule] of Object.entries(schedules)) {
      if (ahead && present.has(name)) continue
      const { pattern, every } = present.get(name) ?? {}
      const wanted = repeatOf(schedule)
      if (pattern === wanted.pattern && every === wanted.every) continue
      await schedulers.upsertJobScheduler(name, { ...wanted, tz: 'UTC' }, { name, opts: TICK_OPTIONS })
    }
  })
}

const repeatOf = (when: When): { pattern?: string; every?: number } =>
  'cron' in when ? { pattern: when.cron } : { every: when.everySeconds * 1000 }

/** A scheduler says that it is time: a job is asked for. Ticks of a scheduler that is no more lead to nothing. */
export async function tick({ db, log }: FastifyInstance, schedules: Schedules, name: string): Promise<void> {
  if (Object.hasOwn(schedules, name)) await enqueueScheduled(db, name)
  else log.warn({ schedule: name }, 'it is time for what is no schedule any more')
}
