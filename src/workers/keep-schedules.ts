import type { FastifyInstance } from 'fastify'
import { withAdvisoryLock } from '../db/driver/advisory-lock.js'
import { isAhead } from '../db/lifecycle/readiness.js'
import { enqueueScheduled } from '../db/queries/jobs/outbox.js'
import { TICK_OPTIONS } from '../lib/jobs/job-options.js'
import type { Schedules, When } from './processor.js'

/** A queue that lost its schedulers, as a Redis without persistence does, has them back after so long. */
const INTERVAL_MS = 300_000

/** Keeps the schedulers of the queue equal to `schedules` until the app closes. */
export async function keepSchedules(app: FastifyInstance, schedules: Schedules): Promise<void> {
  await reconcile(app, schedules)
  for (const [name, { atStart }] of Object.entries(schedules)) {
    if (atStart) await enqueueScheduled(app.db, name)
  }
  const keeping = setInterval(() => {
    reconcile(app, schedules).catch((err) => app.log.warn({ err }, 'the schedules could not be updated'))
  }, INTERVAL_MS)
  app.addHook('onClose', async () => clearInterval(keeping))
}

/**
 * Creates, changes and removes schedulers of the queue. An advisory lock lets one process do so at a time.
 * While the database is ahead of this release, schedulers of the newer release are left as they are.
 */
export async function reconcile(app: FastifyInstance, schedules: Schedules): Promise<void> {
  const { schedulers } = app.queue
  // Before the lock, which holds a connection: a pooler may not give this process a second one.
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

/** Enqueues the job of a schedule that is due. Ignores ticks of a scheduler that has been removed. */
export async function tick({ db, log }: FastifyInstance, schedules: Schedules, name: string): Promise<void> {
  if (Object.hasOwn(schedules, name)) await enqueueScheduled(db, name)
  else log.warn({ schedule: name }, 'ignored a tick of an unknown schedule')
}
