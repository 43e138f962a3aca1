import type { FastifyInstance } from 'fastify'
import { isOpen, markDone } from '../db/queries/outbox.js'
import { withActor } from '../lib/context.js'
import { isJobName, isPayloadOf, type JobName, type JobPayload } from '../lib/jobs.js'
import { MailRefused } from '../lib/mail-refused.js'
import type { QueuedJob } from '../plugins/queue.js'
import { confirmRegistration } from './confirm-registration.js'
import { type Processor, UnrecoverableError } from './processor.js'
import { startRelay } from './relay.js'
import { requestEmailChange } from './request-email-change.js'
import { requestPasswordReset } from './request-password-reset.js'
import { requestVerification } from './request-verification.js'
import { sendLink } from './send-link.js'
import { sendNotice } from './send-notice.js'

/** The table of contents: who does which job. */
const processors: { [N in JobName]: Processor<N> } = {
  'confirm-registration': confirmRegistration,
  'request-verification': requestVerification,
  'request-password-reset': requestPasswordReset,
  'request-email-change': requestEmailChange,
  'send-link': sendLink,
  'send-notice': sendNotice,
}

/** Does the jobs of the outbox, each at least once; its row is marked here, so that no job is lost on the way. */
export default async function workers(app: FastifyInstance, { databaseUrl }: { databaseUrl: string }) {
  await app.queue.process((job) => withActor(`job:${job.name}`, () => run(app, job)))
  await startRelay(app, databaseUrl)
}

async function run(app: FastifyInstance, { id, name, payload }: QueuedJob): Promise<void> {
  if (!isJobName(name)) throw new UnrecoverableError(`There is no job ${name}`)
  if (!isPayloadOf(name, payload)) throw new UnrecoverableError(`This is no payload of the job ${name}`)
  if (!(await isOpen(app.db, id))) return
  const log = app.log.child({ job: name, jobId: id })
  try {
    await dispatch(app, name, payload, id)
    await markDone(app.db, id)
    log.info('job done')
  } catch (err) {
    log.warn({ err }, 'job failed')
    throw err instanceof MailRefused ? new UnrecoverableError(err.message) : err
  }
}

const dispatch = <N extends JobName>(app: FastifyInstance, name: N, payload: JobPayload<N>, id: string) =>
  processors[name](app, payload, { id })
