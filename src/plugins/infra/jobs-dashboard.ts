import type { Queue } from 'bullmq'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { OpenQueue } from '../../db/queue/open-queue.js'
import { ServiceUnavailable } from '../../lib/errors/errors.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Undefined where there is none. */
    jobsDashboard: JobsDashboard | undefined
  }
}

export type JobsDashboard = {
  isReadOnly: boolean
  /** Where its pages come from, as their requests say in `Origin`. */
  origin: string
  /** @throws ServiceUnavailable while the queue does not answer */
  getQueue: () => Promise<Queue>
}

export type JobsDashboardOptions = {
  mode: 'off' | 'read-only' | 'read-write'
  publicUrl: string
  redisUrl: string | undefined
  databaseUrl: string
  keyPrefix: string
}

/** Connects to the queue when somebody looks at it, and anew when it did not answer: until then the API has no need of one. */
async function jobsDashboard(app: FastifyInstance, { mode, publicUrl, ...backend }: JobsDashboardOptions) {
  let current: OpenQueue | undefined
  const onError = (err: unknown) => app.log.warn({ err }, 'the dashboard has lost the job queue')

  const getQueue = async () => {
    // Slow to load, and many processes are never asked for it.
    const { isAnswering, openQueue } = await import('../../db/queue/open-queue.js')
    current ??= openQueue({ ...backend, onError })
    const asked = current
    if (await isAnswering(asked)) return asked.queue
    if (current === asked) current = undefined
    void asked.close()
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
