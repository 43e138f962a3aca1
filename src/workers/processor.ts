import type { FastifyInstance } from 'fastify'
import type { Tx } from '../db/driver/client.js'
import { markDone } from '../db/queries/jobs/outbox.js'
import type { JobName, JobPayload } from '../lib/jobs/jobs.js'

/** Thrown when a retry cannot help: the job becomes a dead letter at once. */
export { UnrecoverableError } from 'bullmq'

/**
 * Runs one job. It may be called again for a job that it has completed, because the process may die before
 * the job is marked as done. So it either calls `markDone` in the transaction of its own writes, or is
 * idempotent.
 */
export type Processor<N extends JobName> = (
  app: FastifyInstance,
  payload: JobPayload<N>,
  job: { id: string },
) => Promise<void>

/** A processor that works in the transaction that marks its job as done, so that the job takes effect once. */
export const inOneTransaction =
  <N extends JobName>(
    work: (tx: Tx, payload: JobPayload<N>, app: FastifyInstance) => Promise<unknown>,
  ): Processor<N> =>
  (app, payload, { id }) =>
    app.db.transaction(async (tx) => {
      if (await markDone(tx, id)) await work(tx, payload, app)
    })

/** Runs the job of a schedule. Like a `Processor`, it may be called again. */
export type ScheduledTask = (app: FastifyInstance, job: { id: string }) => Promise<unknown>

/** A cron pattern in UTC, or an interval. */
export type When = { cron: string } | { everySeconds: number }

export type Schedule = When & {
  run: ScheduledTask
  /** Runs also when a worker starts. Default: only at its times. */
  atStart?: true
}

/** By name, which is also the name of the job. */
export type Schedules = Readonly<Record<string, Schedule>>
