import type { FastifyInstance } from 'fastify'
import { openListener } from '../db/driver/listener.js'
import { type ClaimedJob, claimOutbox, findOpenIds } from '../db/queries/jobs/outbox-work.js'
import { describeJob } from '../lib/jobs/job-spans.js'
import { queueIdOf } from '../lib/jobs/queued-job.js'
import { continueTrace } from '../lib/observability/tracing.js'

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

/**
 * The queue takes no id twice: one that it has done with would never be done, be it that a backup was restored or that another
 * deployment took the job for its own. In good order it is not there at all, so only who comes again is looked for.
 */
async function freeFinished({ db, log, queue }: FastifyInstance, rows: readonly ClaimedJob[]): Promise<void> {
  const again = rows.filter(({ isHandedOverAgain }) => isHandedOverAgain)
  const finished = await Promise.all(again.map((row) => queue.isFinished(queueIdOf(row))))
  const ids = again.filter((_, i) => finished[i]).map(({ id }) => id)
  if (ids.length === 0) return
  // The row of what has just been done was marked before the queue heard of it.
  const open = await findOpenIds(db, ids)
  const blocked = again.filter(({ id }) => open.has(id))
  if (blocked.length === 0) return
  log.warn(
    { jobs: blocked.length, jobId: blocked[0]?.id },
    'the queue has done with jobs that are open, as after a restore or with two deployments under one REDIS_KEY_PREFIX: they are handed over again',
  )
  await Promise.all(blocked.map((row) => queue.remove(queueIdOf(row))))
}

/** What a schedule asks for has no trace yet: that begins when it is done. */
function addToQueue({ queue }: FastifyInstance, row: ClaimedJob): Promise<void> {
  const add = () => queue.add({ id: queueIdOf(row), name: row.job })
  return row.traceContext === null
    ? add()
    : continueTrace(row.traceContext, describeJob('send', row.job, row.id), add)
}
