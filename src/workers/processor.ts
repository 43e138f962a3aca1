import type { FastifyInstance } from 'fastify'
import type { JobName, JobPayload } from '../lib/jobs.js'

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
