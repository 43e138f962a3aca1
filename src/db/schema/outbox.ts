import { sql } from 'drizzle-orm'
import { boolean, index, integer, jsonb, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { notAudited } from '../declarations/audited.js'
import { createdAt, id, moment } from './columns.js'

/**
 * Jobs that run after their transaction has committed. A row is written in that transaction, so there
 * is never a change without its job, nor a job without its change. The worker hands it to the queue,
 * and records success or failure in it. A row is open, done or failed. A failed one is a dead letter
 * until the operator retries it.
 */
export const outbox = pgTable(
  'outbox',
  {
    id: id(),
    job: text('job').notNull(),
    payload: jsonb('payload').$type<unknown>().notNull(),
    createdAt: createdAt(),
    /** The id of the request that caused the job. Audit entries of the job carry it, too. */
    requestId: text('request_id'),
    /** The `traceparent` of the request, so that the job's spans join its trace. */
    traceContext: text('trace_context'),
    /** True for a run of a schedule. A schedule has at most one run that is not done, so none overlap. */
    scheduled: boolean('scheduled').notNull().default(false),
    /**
     * Relays skip the row until then: until the job's start time, or the end of the lease of the relay
     * that handed it to the queue, in case the queue loses it.
     */
    claimedUntil: moment('claimed_until'),
    /** The number of failed attempts. */
    attempts: integer('attempts').notNull().default(0),
    lastError: text('last_error'),
    lastStack: text('last_stack'),
    failedAt: moment('failed_at'),
    /** When the job left the dead letters for another try. */
    retriedAt: moment('retried_at'),
    doneAt: moment('done_at'),
  },
  (table) => [
    index('outbox_open_idx').on(table.id).where(sql`done_at is null and failed_at is null`),
    index('outbox_failed_idx').on(table.id).where(sql`failed_at is not null`),
    index('outbox_done_idx').on(table.doneAt).where(sql`done_at is not null`),
    uniqueIndex('outbox_scheduled_key').on(table.job).where(sql`scheduled and done_at is null`),
  ],
)

notAudited(
  outbox,
  'The change that enqueues a job is audited in its table, and so are the changes of the job.',
)
