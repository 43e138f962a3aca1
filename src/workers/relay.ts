import type { FastifyInstance } from 'fastify'
import { openListener } from '../db/driver/listener.js'
import { OUTBOX_CHANNEL } from '../db/queries/jobs/outbox.js'
import { type ClaimedJob, claimOutbox, findOpenIds } from '../db/queries/jobs/outbox-work.js'
import { describeJob } from '../lib/jobs/job-spans.js'
import { queueIdOf } from '../lib/jobs/queued-job.js'
import { continueTrace } from '../lib/observability/tracing.js'

const BATCH = 100

/** After so long an open job is handed to the queue again. That changes nothing if the queue still has it. */
const LEASE_MS = 60_000

/** Finds what no NOTIFY announces: expired leases, and notifications that were missed. */
const POLL_INTERVAL_MS = 5_000

/**
 * Hands jobs from the outbox to the queue as soon as their transaction has committed, until the app closes.
 */
export async function startRelay(app: FastifyInstance, databaseUrl: string): Promise<void> {
  let running: Promise<void> | undefined
  let isWoken = false
  let isClosed = false

  const handOver = async () => {
    while (isWoken && !isClosed) {
      isWoken = false
      const rows = await claimOutbox(app.db, { limit: BATCH, leaseMs: LEASE_MS })
      await freeFinished(app, rows)
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
    channel: OUTBOX_CHANNEL,
    onMessage: wake,
    onConnected: async () => wake(),
    onError: (err) => app.log.warn({ err }, 'notifications of new jobs are not received: polling instead'),
  })
  const polling = setInterval(wake, POLL_INTERVAL_MS)
  app.addHook('onClose', async () => {
    isClosed = true
    clearInterval(polling)
    await listener.close()
    await running
  })
}

/**
 * Removes open jobs from the queue that it has already finished, because it does not accept an id twice and
 * the jobs would never run. This happens after a backup was restored, or when another deployment took the
 * job. Normally the queue does not know a job yet, so only jobs that are handed over again are checked.
 */
async function freeFinished({ db, log, queue }: FastifyInstance, rows: readonly ClaimedJob[]): Promise<void> {
  const again = rows.filter(({ isHandedOverAgain }) => isHandedOverAgain)
  const finished = await Promise.all(again.map((row) => queue.isFinished(queueIdOf(row))))
  const ids = again.filter((_, i) => finished[i]).map(({ id }) => id)
  if (ids.length === 0) return
  // A job may have completed just now: its row is marked before the queue finishes it.
  const open = await findOpenIds(db, ids)
  const blocked = again.filter(({ id }) => open.has(id))
  if (blocked.length === 0) return
  log.warn(
    { jobs: blocked.length, jobId: blocked[0]?.id },
    'the queue has finished jobs that are still open, as after a restore or with two deployments under one REDIS_KEY_PREFIX: they are handed over again',
  )
  await Promise.all(blocked.map((row) => queue.remove(queueIdOf(row))))
}

/** Jobs of a schedule have no trace context: their trace begins when they run. */
function addToQueue({ queue }: FastifyInstance, row: ClaimedJob): Promise<void> {
  const add = () => queue.add({ id: queueIdOf(row), name: row.job })
  return row.traceContext === null
    ? add()
    : continueTrace(row.traceContext, describeJob('send', row.job, row.id), add)
}
