import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { Job, type Queue } from 'bullmq'
import type { Db } from '../../db/driver/client.js'
import {
  countFailedJobs,
  discardFailedJobs,
  findFailedJob,
  listFailedJobs,
  retryFailedJobs,
  type WaitingJob,
} from '../../db/queries/jobs/failed-jobs.js'
import { redact } from '../../lib/audit/redact.js'
import { NotFound } from '../../lib/errors/errors.js'
import { outboxIdOf } from '../../lib/jobs/queued-job.js'
import { Uuid } from '../../lib/schema/schemas.js'
import { matchesSchema } from '../../lib/schema/validation.js'

const OPTIONS = {
  description: 'Failed jobs stay here until they are retried or discarded.',
  // A completed job is done in the outbox, so the worker would skip it.
  allowCompletedRetries: false,
}

type Statuses = Parameters<BullMQAdapter['getJobs']>[0]

/**
 * Shows the queue, but takes failed jobs from the outbox: the queue may lose them, or still list failures
 * that the outbox knows to be resolved. Retrying and discarding change the outbox, whatever state the queue
 * has.
 */
export class DeadLettersAdapter extends BullMQAdapter {
  constructor(
    private readonly jobs: Queue,
    private readonly db: Db,
    { readOnlyMode }: { readOnlyMode: boolean },
  ) {
    super(jobs, { ...OPTIONS, readOnlyMode })
  }

  isOf(queue: Queue): boolean {
    return this.jobs === queue
  }

  /** Hides the controls: the limit cannot be set here. */
  override get supportsGlobalRateLimit(): boolean {
    return false
  }

  override async getJobCounts() {
    const [counts, failed] = await Promise.all([super.getJobCounts(), countFailedJobs(this.db)])
    return { ...counts, failed: failed.reduce((sum, { count }) => sum + count, 0) }
  }

  override async getJobs(statuses: Statuses, start = 0, end = -1): Promise<Job[]> {
    const others = statuses.filter((status) => status !== 'failed')
    const inQueue = others.length > 0 ? await super.getJobs(others, start, end) : []
    if (others.length === statuses.length) return inQueue
    const rows = await listFailedJobs(this.db, { offset: start, limit: end - start + 1 })
    return [...rows.map((row) => this.toDeadLetter(row)), ...inQueue]
  }

  override async getJob(id: string): Promise<Job | undefined> {
    const row = await this.findDeadLetter(id)
    return row ? this.toDeadLetter(row) : super.getJob(id)
  }

  /** `id` is the job's id in the outbox or in the queue. */
  async findDeadLetter(id: string): Promise<WaitingJob | undefined> {
    const outboxId = outboxIdOf(id)
    return matchesSchema(Uuid, outboxId) ? findFailedJob(this.db, outboxId) : undefined
  }

  /** Only failed jobs are cleaned: `refuseChanges` refuses the other states. */
  override async clean(): Promise<void> {
    await discardFailedJobs(this.db)
  }

  private toDeadLetter(row: WaitingJob): Job {
    return new DeadLetter(this.jobs, this.db, row)
  }
}

class DeadLetter extends Job {
  constructor(
    queue: Queue,
    private readonly db: Db,
    private readonly row: WaitingJob,
  ) {
    super(queue, row.job, redact(row.payload), { timestamp: row.createdAt.getTime() }, row.id)
    this.attemptsMade = row.attempts
    this.failedReason = row.lastError ?? ''
    this.stacktrace = row.lastStack === null ? [] : [row.lastStack]
    if (row.failedAt) {
      this.finishedOn = row.failedAt.getTime()
      // The outbox does not know when the last attempt began. Without a time the page counts from 1970.
      this.processedOn = this.finishedOn
    }
  }

  override async getState(): Promise<'failed'> {
    return 'failed'
  }

  /** The worker finds the job in the outbox, with all attempts available again. */
  override async retry(): Promise<void> {
    if ((await retryFailedJobs(this.db, this.row.id)) === 0) throw new NotFound()
  }

  override async remove(): Promise<void> {
    if ((await discardFailedJobs(this.db, this.row.id)) === 0) throw new NotFound()
  }
}
