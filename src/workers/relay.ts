import type { FastifyInstance } from 'fastify'
import { openListener } from '../db/listener.js'
import { type ClaimedJob, claimOutbox } from '../db/queries/outbox.js'
import { describeJob } from '../lib/job-spans.js'
import { queueIdOf } from '../lib/queued-job.js'
import { continueTrace } from '../lib/tracing.js'

const BATCH = 100

/** How long the queue may take before a job is handed to it once more; while it still has the job, that changes nothing. */
const LEASE_MS = 60_000

/** The net below NOTIFY: leases that ran out, and jobs whose time has come, are announced by nobody. */
const POLL_INTERVAL_MS = 5_000

/** Hands jobs from the outbox to the queue, as soon as their transaction has committed. */
export async function startRelay(app: FastifyInstance, databaseUrl: string): Promise<void> {
  let running: Promise<void> | undefined
  let isWoken = false
  let isClosed = false

  const handOver = async () => {
    while (isWoken && !isClosed) {
      isWoken = false
      const rows = await claimOutbox(app.db, { limit: BATCH, leaseMs: LEASE_MS })
      await Promise.all(rows.map((row) => addToQueue(app, row)))
      if (rows.length === BATCH) isWoken = true
    }
  }
  const wake = () => {
    isWoken = true
    running ??= handOver()
      .catch((err) => app.log.warn({ err }, 'jobs cannot be handed to the queue'))
      .finally(() => {
        running = undefined
      })
  }

  const listener = await openListener({
    url: databaseUrl,
    channel: 'outbox',
    onMessage: wake,
    onConnected: async () => wake(),
    onError: (err) => app.log.warn({ err }, 'new jobs cannot be heard: looking for them instead'),
  })
  const polling = setInterval(wake, POLL_INTERVAL_MS)
  app.addHook('onClose', async () => {
    isClosed = true
    clearInterval(polling)
    await listener.close()
    await running
  })
}

/** What a schedule asks for has no trace yet: that begins when it is done. */
function addToQueue({ queue }: FastifyInstance, row: ClaimedJob): Promise<void> {
  const add = () => queue.add({ id: queueIdOf(row), name: row.job })
  return row.traceContext === null
    ? add()
    : continueTrace(row.traceContext, describeJob('send', row.job, row.id), add)
}
