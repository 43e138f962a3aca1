import { jsonb, pgSchema, text, uuid } from 'drizzle-orm/pg-core'
import { moment } from '../schema/columns.js'
import type { State } from './parse-state.js'

/**
 * For reading only: migrations written by hand make this table, because drizzle knows no partitions.
 * That is why it is not part of `schema/index.ts`.
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
  /** Of an update: the columns whose values it changed, secret ones as well. Only searched, never shown. */
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

export type AuditEntry = Omit<typeof auditLog.$inferSelect, 'changed'>
