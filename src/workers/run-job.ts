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

/** Finds out what there is to do. @throws UnrecoverableError for a job that nobody can do */
export type FindWork = (job: OpenJob) => () => Promise<unknown>

/** Told of every attempt. */
export type Measure = (
  labels: { job_name: string; outcome: 'done' | 'failed' | 'dead' },
  seconds: number,
) => void

/** Does the job that this row of the outbox asks for, unless it is done already, and writes into the row how it went. */
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
    // Such as the head of the audit log's seals, which is an anchor wherever logs are kept.
    log.info({ result }, 'job done')
  } catch (err) {
    const failure = describe(err)
    const isPermanent = err instanceof MailRefused || err instanceof UnrecoverableError
    const isLast = await recordFailure(app.db, job.id, {
      ...failure,
      maxAttempts: isPermanent ? 0 : job.scheduled ? MAX_SCHEDULED_ATTEMPTS : MAX_ATTEMPTS,
    })
    end(isLast ? 'dead' : 'failed')
    if (isLast) log.error({ err }, 'job failed, and is not tried again: see npm run jobs -- list --failed')
    else log.warn({ err }, 'job failed, and will be tried again')
    // Not the error itself, whose message may hold the values of a query: the queue keeps what it gets.
    throw isLast ? new UnrecoverableError(failure.message) : new Error(failure.message)
  }
}

type Described = { message: string; stack?: string; cause?: Described }

/** As in the log, without what may be secret. The cause of a failed query says why; the query only which. */
function describe(err: unknown): { message: string; stack: string | null } {
  if (!(err instanceof Error)) return { message: storable(redactText(String(err))), stack: null }
  const { message, stack, cause } = serializeError(err) as Described
  const causes = cause === undefined ? [] : [cause]
  return {
    message: storable([message, ...causes.map((it) => it.message)].join(': ')),
    stack: storable([stack, ...causes.map((it) => it.stack)].join('\n')),
  }
}

const MAX_LENGTH = 10_000

/** PostgreSQL keeps no NUL, and nobody reads more. */
const storable = (text: string): string => text.replaceAll('\0', '').slice(0, MAX_LENGTH)
