import { and, eq, gte, inArray, lt, type SQL } from 'drizzle-orm'
import { firstUuidOf, lowerCaseIds } from '../../../lib/schema/uuid.js'
import { type AuditAction, auditLog } from '../../audit/log.js'
import { plannedForItsValues } from '../../driver/prepared-texts.js'

/** Undefined fields match all entries. `from` and `to` are inclusive. */
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

/** The filters as an SQL condition. */
export function conditionOf(filters: AuditFilters): SQL | undefined {
  const { tableName, objectId, userId, organizationId, action, requestId, from, to } = filters
  return and(
    plannedForItsValues,
    tableName === undefined ? undefined : eq(auditLog.tableName, tableName),
    objectId === undefined ? undefined : matchesObject(objectId),
    userId === undefined ? undefined : eq(auditLog.userId, userId),
    matchesOrganization(organizationId),
    action === undefined ? undefined : eq(auditLog.action, action),
    requestId === undefined ? undefined : eq(auditLog.requestId, requestId),
    from && gte(auditLog.id, firstUuidOf(from.getTime())),
    to && atOrBefore(to),
  )
}

/** Most object ids are UUIDs, in which case is ignored. In text keys case matters. */
export const matchesObject = (objectId: string): SQL => {
  const inLowerCase = lowerCaseIds(objectId)
  return inLowerCase === objectId
    ? eq(auditLog.objectId, objectId)
    : inArray(auditLog.objectId, [objectId, inLowerCase])
}

/** Undefined, which matches all entries, if `organizationId` is undefined. */
export const matchesOrganization = (organizationId: string | undefined): SQL | undefined =>
  organizationId === undefined ? undefined : eq(auditLog.organizationId, organizationId)

/** The entries up to and including this millisecond. */
export const atOrBefore = (moment: Date): SQL => lt(auditLog.id, firstUuidOf(moment.getTime() + 1))
