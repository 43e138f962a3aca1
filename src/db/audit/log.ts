import { jsonb, pgSchema, text, uuid } from 'drizzle-orm/pg-core'
import { moment } from '../schema/columns.js'
import type { State } from './parse-state.js'

/**
 * Read-only. Handwritten migrations create this table, because drizzle does not support partitions.
 * So it is not in `schema/index.ts`.
 */
export const auditLog = pgSchema('audit').table('audit_log', {
  id: uuid('id').primaryKey(),
  createdAt: moment('created_at').notNull(),
  actor: text('actor').notNull(),
  userId: uuid('user_id'),
  organizationId: uuid('organization_id'),
  requestId: text('request_id'),
  tableName: text('table_name').notNull(),
  objectId: text('object_id').notNull(),
  action: text('action').$type<AuditAction>().notNull(),
  /** The columns that an update changed, including secret ones. Used for search only, never shown. */
  changed: text('changed').array(),
  stateBefore: jsonb('state_before').$type<State>(),
  stateAfter: jsonb('state_after').$type<State>(),
  method: text('method'),
  url: text('url'),
  headers: jsonb('headers'),
  body: jsonb('body'),
  args: jsonb('args'),
  ip: text('ip'),
})

export const AUDIT_ACTIONS = ['create', 'update', 'delete'] as const
export type AuditAction = (typeof AUDIT_ACTIONS)[number]

/** An entry as clients may see it. */
export type AuditEntry = Omit<typeof auditLog.$inferSelect, 'changed'>
