import { pgTable } from 'drizzle-orm/pg-core'
import { notAudited } from '../declarations/audited.js'
import { bytea, moment } from './columns.js'

/** When mails of a kind were requested, by mailbox. Each mailbox gets only a few an hour, from all callers together. */
export const mailCounts = pgTable('mail_counts', {
  /** A hash: the table is no list of the addresses that mails went to. */
  subjectHash: bytea('subject_hash').primaryKey(),
  /** Those of the last hour, and older ones until the next. */
  times: moment('times').array().notNull(),
  expiresAt: moment('expires_at').notNull(),
})

notAudited(mailCounts, 'A counter; what the mails are about is audited where it happens.')
