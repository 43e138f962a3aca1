import type { FastifyRequest } from 'fastify'
import { isMutating } from '../../lib/audit/finished-request.js'
import { DashboardReadOnly, NotOffered } from '../../lib/errors/errors.js'

/** Pausing, resuming and promoting affect only the queue. */
const QUEUE_PATH = /^queues\/(pause|resume|:queueName\/(pause|resume|promote|:jobId\/promote))$/

const FAILED_JOBS_PATH = /^queues\/:queueName\/(retry|clean)\/:queueStatus$/
const FAILED_JOB_PATH = /^queues\/:queueName\/:jobId\/(retry|clean)$/

type Params = { jobId?: string; queueStatus?: string }

type Options = {
  isReadOnly: boolean
  /** The path before the bull-board routes. */
  prefix: string
  /** Whether the job is a dead letter of the outbox. */
  hasFailed: (jobId: string) => Promise<boolean>
}

/**
 * Refuses changes: all of them when the dashboard is read-only, otherwise those that the queue would make
 * without the outbox, which would undo them. src/static/dashboard.css hides their buttons.
 *
 * The returned hook throws `DashboardReadOnly` or `NotOffered`.
 */
export const refuseChanges =
  ({ isReadOnly, prefix, hasFailed }: Options) =>
  async ({ method, params, routeOptions: { url = '' } }: FastifyRequest): Promise<void> => {
    if (!isMutating(method)) return
    if (isReadOnly) throw new DashboardReadOnly()
    const { jobId = '', queueStatus } = params as Params
    const path = url.slice(prefix.length)
    const isOffered =
      QUEUE_PATH.test(path) ||
      (FAILED_JOBS_PATH.test(path) && queueStatus === 'failed') ||
      (FAILED_JOB_PATH.test(path) && (await hasFailed(jobId)))
    if (!isOffered) throw new NotOffered()
  }
