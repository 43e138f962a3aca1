import { and, eq, gte, lt, type SQL } from 'drizzle-orm'
import { type AuditAction, auditLog } from '../audit/log.js'
import { plannedForItsValues } from '../audit/prepared-texts.js'

export type AuditFilters = {
  tableName?: string
  objectId?: string
  userId?: string
  organizationId?: string
  action?: AuditAction
  requestId?: string
  from?: Date
  to?: Date
}

export function conditionOf(filters: AuditFilters): SQL | undefined {
  const { tableName, objectId, userId, organizationId, action, requestId, from, to } = filters
  return and(
    plannedForItsValues,
    tableName === undefined ? undefined : eq(auditLog.tableName, tableName),
    objectId === undefined ? undefined : eq(auditLog.objectId, objectId),
    userId === undefined ? undefined : eq(auditLog.userId, userId),
    organizationId === undefined ? undefined : eq(auditLog.organizationId, organizationId),
    action === undefined ? undefined : eq(auditLog.action, action),
    requestId === undefined ? undefined : eq(auditLog.requestId, requestId),
    from && gte(auditLog.id, firstIdOf(from)),
    to && until(to),
  )
}

/** The entries of this millisecond and before. */
export const until = (moment: Date): SQL => lt(auditLog.id, firstIdOf(new Date(moment.getTime() + 1)))

/** The smallest id of a millisecond: a time becomes a bound for ids. Ids count from 1970: what is earlier would wrap around to the far future. */
export function firstIdOf(moment: Date): string {
  const hex = Math.max(moment.getTime(), 0).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}
