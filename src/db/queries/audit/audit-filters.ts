import { and, eq, gte, inArray, lt, type SQL } from 'drizzle-orm'
import { firstUuidOf, lowerCaseIds } from '../../../lib/schema/uuid.js'
import { type AuditAction, auditLog } from '../../audit/log.js'
import { plannedForItsValues } from '../../driver/prepared-texts.js'

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
    objectId === undefined ? undefined : isObject(objectId),
    userId === undefined ? undefined : eq(auditLog.userId, userId),
    isOf(organizationId),
    action === undefined ? undefined : eq(auditLog.action, action),
    requestId === undefined ? undefined : eq(auditLog.requestId, requestId),
    from && gte(auditLog.id, firstUuidOf(from.getTime())),
    to && until(to),
  )
}

/** Most are ids, whose capitals mean the same; a key that is a text has the capitals that it has. */
export const isObject = (objectId: string): SQL => {
  const inLowerCase = lowerCaseIds(objectId)
  return inLowerCase === objectId
    ? eq(auditLog.objectId, objectId)
    : inArray(auditLog.objectId, [objectId, inLowerCase])
}

/** Undefined for the entries of all organizations, and of none. */
export const isOf = (organizationId: string | undefined): SQL | undefined =>
  organizationId === undefined ? undefined : eq(auditLog.organizationId, organizationId)

/** The entries of this millisecond and before. */
export const until = (moment: Date): SQL => lt(auditLog.id, firstUuidOf(moment.getTime() + 1))
