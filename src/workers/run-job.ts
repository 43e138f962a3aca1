import type { FastifyInstance } from 'fastify'
import { markDone } from '../db/queries/jobs/outbox.js'
import { findOpenJob, type OpenJob, recordFailure } from '../db/queries/jobs/outbox-work.js'
import { withActor } from '../lib/audit/context.js'
import { redactText } from '../lib/audit/redact.js'
import { MailRefused } from '../lib/errors/mail-refused.js'
import { MAX_ATTEMPTS, MAX_SCHEDULED_ATTEMPTS } from '../lib/jobs/job-options.js'
import { describeJob } from '../lib/jobs/job-spans.js'
import { serializeError } from '../lib/observability/log-error.js'
import { continueTrace, type Span } from '../lib/observability/tracing.js'
import { UnrecoverableError } from './processor.js'

/**
 * Returns the function that runs a job.
 *
 * @throws {UnrecoverableError} from that function, when the job or its payload is unknown
 */
export type FindWork = (job: OpenJob) => () => Promise<unknown>

/** Called after every attempt. */
export type Measure = (
  labels: { job_name: string; outcome: 'done' | 'failed' | 'dead' },
  seconds: number,
) => void

/**
 * Runs the job of an outbox row, unless it is done already, and records the outcome in the row.
 *
 * @param measure default: no measurement
 * @throws {Error} when the attempt failed and the job will be retried
 * @throws {UnrecoverableError} when it failed and will not be retried
 */
export async function runJob(
  app: FastifyInstance,
  id: string,
  findWork: FindWork,
  measure: Measure = () => undefined,
): Promise<void> {
  const job = await findOpenJob(app.db, id)
  if (!job) return
  const work = (span?: Span) => attempt(app, job, findWork, measure, span?.traceId)
  const traced = () => continueTrace(job.traceContext, describeJob('process', job.job, id), work)
  await withActor(`job:${job.job}`, traced, job.requestId)
}

async function attempt(
  app: FastifyInstance,
  job: OpenJob,
  findWork: FindWork,
  measure: Measure,
  traceId: string | undefined,
): Promise<void> {
  const startedAt = performance.now()
  const end = (outcome: 'done' | 'failed' | 'dead') =>
    measure({ job_name: job.job, outcome }, (performance.now() - startedAt) / 1000)
  const log = app.log.child({ job: job.job, jobId: job.id, requestId: job.requestId, traceId })
  try {
    const result = await findWork(job)()
    await markDone(app.db, job.id)
    end('done')
    // The result of sealing is the head of the chain: the log then serves as an anchor.
    log.info({ result }, 'job done')
  } catch (err) {
    const failure = describe(err)
    const isPermanent = err instanceof MailRefused || err instanceof UnrecoverableError
    const isLast = await recordFailure(app.db, job.id, {
      ...failure,
      maxAttempts: isPermanent ? 0 : job.scheduled ? MAX_SCHEDULED_ATTEMPTS : MAX_ATTEMPTS,
    })
    end(isLast ? 'dead' : 'failed')
    if (isLast) log.error({ err }, 'job failed and will not be retried: see npm run jobs -- list --failed')
    else log.warn({ err }, 'job failed and will be retried')
    // Not the error itself: its message may contain values of a query, and the queue would store them.
    throw isLast ? new UnrecoverableError(failure.message) : new Error(failure.message)
  }
}

type Described = { message: string; stack?: string; cause?: Described }

/**
 * Describes the error as in the log, without secrets. The cause of a
 * failed query is added: it says why it failed.
 */
function describe(err: unknown): { message: string; stack: string | null } {
  if (!(err instanceof Error)) return { message: storable(redactText(String(err))), stack: null }
  const { message, stack, cause } = serializeError(err) as Described
  const causes = cause === undefined ? [] : [cause]
  return {
    message: storable([message, ...causes.map((each) => each.message)].join(': ')),
    stack: storable([stack, ...causes.map((each) => each.stack)].join('\n')),
  }
}

const MAX_LENGTH = 10_000

/** PostgreSQL text cannot hold NUL. */
const storable = (text: string): string => text.replaceAll('\0', '').slice(0, MAX_LENGTH)
