import { sql } from 'drizzle-orm'
import { index, jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import { notAudited } from '../audit/policy.js'
import { createdAt, id, moment } from './columns.js'

/**
 * Jobs that are to run once their transaction has committed. Written in that transaction, so that there is never a change
 * without its job, nor a job without its change; handed to the queue by the worker, which marks the row when the job is done.
 */
export const outbox = pgTable(
  'outbox',
  {
    id: id(),
    job: text('job').notNull(),
    payload: jsonb('payload').$type<unknown>().notNull(),
    createdAt: createdAt(),
    /** A relay has handed the job to the queue and looks after it again at this time, in case the queue lost it. */
    claimedUntil: moment('claimed_until'),
    doneAt: moment('done_at'),
  },
  (table) => [index('outbox_open_idx').on(table.id).where(sql`done_at is null`)],
)

notAudited(outbox, 'What was asked for is audited where it was asked; what a job does, where it does it.')
