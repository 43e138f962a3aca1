import type { Queue } from 'bullmq'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { OpenQueue } from '../../db/queue/open-queue.js'
import { ServiceUnavailable } from '../../lib/errors/errors.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Undefined when the dashboard is off. */
    jobsDashboard: JobsDashboard | undefined
  }
}

export type JobsDashboard = {
  isReadOnly: boolean
  /** The `Origin` header of requests from its pages. */
  origin: string
  /** @throws {ServiceUnavailable} when the queue does not respond */
  getQueue: () => Promise<Queue>
}

export type JobsDashboardOptions = {
  mode: 'off' | 'read-only' | 'read-write'
  publicUrl: string
  redisUrl: string | undefined
  databaseUrl: string
  keyPrefix: string
}

/**
 * Connects to the queue on the first request, because the API itself does not
 * need it, and again after the queue did not respond.
 */
async function jobsDashboard(app: FastifyInstance, { mode, publicUrl, ...backend }: JobsDashboardOptions) {
  let current: OpenQueue | undefined
  const onError = (err: unknown) => app.log.warn({ err }, 'the dashboard has lost the job queue')

  const getQueue = async () => {
    // Slow to load, and many processes never need it.
    const { isReachable, openQueue } = await import('../../db/queue/open-queue.js')
    current ??= openQueue({ ...backend, onError })
    const candidate = current
    if (await isReachable(candidate)) return candidate.queue
    if (current === candidate) current = undefined
    void candidate.close()
    throw new ServiceUnavailable()
  }

  const { origin } = new URL(publicUrl)
  app.decorate(
    'jobsDashboard',
    mode === 'off' ? undefined : { isReadOnly: mode === 'read-only', origin, getQueue },
  )
  app.addHook('onClose', () => current?.close())
}

export default fp(jobsDashboard, { name: 'jobs-dashboard' })
