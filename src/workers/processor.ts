import type { FastifyInstance } from 'fastify'
import type { JobName, JobPayload } from '../lib/jobs/jobs.js'

/** Thrown for what no retry can mend: the job goes to the dead letters at once. */
export { UnrecoverableError } from 'bullmq'

/**
 * Does one job. It may be called again for a job that it has done (the process may die before that is written down), so it
 * either marks the job as done in the transaction of its own writes, or does what may be done twice.
 */
export type Processor<N extends JobName> = (
  app: FastifyInstance,
  payload: JobPayload<N>,
  job: { id: string },
) => Promise<void>

/** Does what a schedule is for. It may be called again, too. */
export type ScheduledTask = (app: FastifyInstance, job: { id: string }) => Promise<unknown>

/** A cron pattern in UTC, or an interval. */
export type When = { cron: string } | { everySeconds: number }

export type Schedule = When & {
  run: ScheduledTask
  /** Also when a worker starts. */
  atStart?: true
}

/** By name, which is also the name of its job. */
export type Schedules = Readonly<Record<string, Schedule>>
