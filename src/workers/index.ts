import type { FastifyInstance } from 'fastify'
import { isAhead } from '../db/lifecycle/readiness.js'
import type { OpenJob } from '../db/queries/jobs/outbox-work.js'
import { isJobName, isPayloadOf, type JobName, type JobPayload } from '../lib/jobs/jobs.js'
import { outboxIdOf } from '../lib/jobs/queued-job.js'
import { JOB_DURATION } from '../metrics/worker.js'
import { confirmRegistration } from './confirm-registration.js'
import { deleteOrganization } from './delete-organization.js'
import { keepSchedules, tick } from './keep-schedules.js'
import { type Processor, type Schedules, UnrecoverableError } from './processor.js'
import { startRelay } from './relay.js'
import { requestEmailChange } from './request-email-change.js'
import { requestPasswordReset } from './request-password-reset.js'
import { requestVerification } from './request-verification.js'
import { runJob } from './run-job.js'
import { sendFailedJobsReport } from './send-failed-jobs-report.js'
import { sendInvitation } from './send-invitation.js'
import { sendLink } from './send-link.js'
import { sendNotice } from './send-notice.js'

/** The processor of each job. Jobs that run at set times are in `schedules.ts`. */
const processors: { [N in JobName]: Processor<N> } = {
  'confirm-registration': confirmRegistration,
  'request-verification': requestVerification,
  'request-password-reset': requestPasswordReset,
  'request-email-change': requestEmailChange,
  'send-link': sendLink,
  'send-notice': sendNotice,
  'send-invitation': sendInvitation,
  'delete-organization': deleteOrganization,
  'send-failed-jobs-report': sendFailedJobsReport,
}

export type WorkerOptions = { databaseUrl: string; schedules: Schedules }

/** Runs the jobs of the outbox, each at least once: a row is marked as done here, not when it is queued. */
export default async function workers(app: FastifyInstance, { databaseUrl, schedules }: WorkerOptions) {
  const measure = app.metrics.histogram(JOB_DURATION)
  await app.queue.process(({ id, name, isTick }) =>
    isTick
      ? tick(app, schedules, name)
      : runJob(app, outboxIdOf(id), (job) => findWork(app, schedules, job), measure),
  )
  await keepSchedules(app, schedules)
  await startRelay(app, databaseUrl)
}

function findWork(app: FastifyInstance, schedules: Schedules, { id, job, payload, scheduled }: OpenJob) {
  if (scheduled) {
    const schedule = Object.hasOwn(schedules, job) ? schedules[job] : undefined
    if (!schedule) return refuse(app, `There is no schedule ${job}`)
    return () => schedule.run(app, { id })
  }
  if (!isJobName(job)) return refuse(app, `There is no job ${job}`)
  if (!isPayloadOf(job, payload)) return refuse(app, `The payload does not match the job ${job}`)
  return () => dispatch(app, job, payload, id)
}

/**
 * Fails the job: permanently, unless the database is ahead of this release. The job may then come from a
 * newer release, and is retried until one of its workers takes it.
 */
const refuse = (app: FastifyInstance, reason: string) => async (): Promise<never> => {
  throw (await app.checkDatabase(isAhead)) ? new Error(reason) : new UnrecoverableError(reason)
}

const dispatch = <N extends JobName>(app: FastifyInstance, name: N, payload: JobPayload<N>, id: string) =>
  processors[name](app, payload, { id })
