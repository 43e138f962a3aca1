import type { FastifyRequest } from 'fastify'
import { isMutating } from '../../lib/audit/finished-request.js'
import { DashboardReadOnly, NotOffered } from '../../lib/errors/errors.js'

/** About the queue alone: when it goes on, and that it need not wait. */
const OF_QUEUE = /^queues\/(pause|resume|:queueName\/(pause|resume|promote|:jobId\/promote))$/

const OF_FAILED_JOBS = /^queues\/:queueName\/(retry|clean)\/:queueStatus$/
const OF_FAILED_JOB = /^queues\/:queueName\/:jobId\/(retry|clean)$/

type Params = { jobId?: string; queueStatus?: string }

type Options = {
  isReadOnly: boolean
  /** Where the routes' paths begin that are told apart here. */
  prefix: string
  hasFailed: (jobId: string) => Promise<boolean>
}

/**
 * Refuses changes: all of them, or those that the queue would make without the outbox, from which they would be undone. The
 * buttons that bull-board has for these are hidden by src/static/dashboard.css.
 */
export const refuseChanges =
  ({ isReadOnly, prefix, hasFailed }: Options) =>
  async ({ method, params, routeOptions: { url = '' } }: FastifyRequest): Promise<void> => {
    if (!isMutating(method)) return
    if (isReadOnly) throw new DashboardReadOnly()
    const { jobId = '', queueStatus } = params as Params
    const path = url.slice(prefix.length)
    const isOffered =
      OF_QUEUE.test(path) ||
      (OF_FAILED_JOBS.test(path) && queueStatus === 'failed') ||
      (OF_FAILED_JOB.test(path) && (await hasFailed(jobId)))
    if (!isOffered) throw new NotOffered()
  }
