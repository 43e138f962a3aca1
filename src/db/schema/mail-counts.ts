import { pgTable } from 'drizzle-orm/pg-core'
import { notAudited } from '../declarations/audited.js'
import { bytea, moment } from './columns.js'

/** When mails of a kind were requested, by mailbox. Each mailbox gets only a few an hour, from all callers together. */
export const mailCounts = pgTable('mail_counts', {
  /** A hash, so that the table does not list the addresses that mails went to. */
  subjectHash: bytea('subject_hash').primaryKey(),
  /** The times of the last hour. Older ones are removed with the next mail. */
  times: moment('times').array().notNull(),
  expiresAt: moment('expires_at').notNull(),
})

notAudited(mailCounts, 'A counter. The changes that the mails are about are audited in their own tables.')
