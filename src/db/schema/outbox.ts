import { sql } from 'drizzle-orm'
import { boolean, index, integer, jsonb, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { notAudited } from '../declarations/audited.js'
import { createdAt, id, moment } from './columns.js'

/**
 * Jobs that are to run once their transaction has committed. Written in that transaction, so that there is never a change
 * without its job, nor a job without its change; handed to the queue by the worker, which marks the row when the job is done,
 * and keeps in it what went wrong. A row is open, done, or failed: a dead letter, until somebody has it tried again.
 */
export const outbox = pgTable(
  'outbox',
  {
    id: id(),
    job: text('job').notNull(),
    payload: jsonb('payload').$type<unknown>().notNull(),
    createdAt: createdAt(),
    /** Of whoever asked for it; the entries of what the job changes bear it too. */
    requestId: text('request_id'),
    /** The span in which it was asked for, as `traceparent`: what is done about it belongs to that trace. */
    traceContext: text('trace_context'),
    /** Asked for by a schedule. Of each schedule one run at most is not done, so that runs neither overlap nor pile up. */
    scheduled: boolean('scheduled').notNull().default(false),
    /** A relay has handed the job to the queue and looks after it again at this time, in case the queue lost it. */
    claimedUntil: moment('claimed_until'),
    /** How often it failed. */
    attempts: integer('attempts').notNull().default(0),
    lastError: text('last_error'),
    lastStack: text('last_stack'),
    failedAt: moment('failed_at'),
    /** When it was taken out of the dead letters again. */
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

notAudited(outbox, 'What was asked for is audited where it was asked; what a job does, where it does it.')
