import { integer, jsonb, pgSchema, real, smallint, text, uuid } from 'drizzle-orm/pg-core'
import type { RequestOutcome } from '../../lib/audit/finished-request.js'
import type { SecurityEvent } from '../../lib/audit/security-events.js'
import { moment } from '../schema/columns.js'

/** Read-only. The function `audit.record_requests` writes this table. */
export const auditRequests = pgSchema('audit').table('audit_requests', {
  id: uuid('id').primaryKey(),
  createdAt: moment('created_at').notNull(),
  requestId: text('request_id').notNull(),
  actor: text('actor').notNull(),
  userId: uuid('user_id'),
  subjectId: uuid('subject_id'),
  organizationId: uuid('organization_id'),
  event: text('event').$type<SecurityEvent>(),
  outcome: text('outcome').$type<RequestOutcome>().notNull(),
  status: smallint('status').notNull(),
  durationMs: real('duration_ms').notNull(),
  method: text('method').notNull(),
  route: text('route'),
  url: text('url').notNull(),
  ip: text('ip').notNull(),
  headers: jsonb('headers'),
  body: jsonb('body'),
  args: jsonb('args'),
  rowsChanged: integer('rows_changed').notNull(),
  entries: integer('entries').notNull(),
  /** The number of similar requests that share the row. Null for one. */
  count: integer('count'),
})

export type AuditRequest = typeof auditRequests.$inferSelect & { count: number }
