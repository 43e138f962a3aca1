import { and, type Column, eq, getTableColumns, gte, lt, sql } from 'drizzle-orm'
import { NotFound } from '../../lib/errors.js'
import type { Page, PageQuery } from '../../lib/pagination.js'
import { type AuditAction, type AuditEntry, auditLog } from '../audit/log.js'
import { parseState, toApiState } from '../audit/states.js'
import type { Db } from '../client.js'
import { keysetPage } from './page.js'

export type AuditFilters = PageQuery<'createdAt' | '-createdAt'> & {
  tableName?: string
  objectId?: string
  userId?: string
  organizationId?: string
  action?: AuditAction
  requestId?: string
  from?: Date
  to?: Date
}

const exactState = (column: Column) => sql<AuditEntry['stateAfter']>`${column}::text`.mapWith(parseState)

const columns = {
  ...getTableColumns(auditLog),
  stateBefore: exactState(auditLog.stateBefore),
  stateAfter: exactState(auditLog.stateAfter),
}

/** Ids begin with the time: ordering by them is ordering by time, and the key's own index serves it. */
const SORTABLE = { createdAt: auditLog.id }

export async function listAuditEntries(db: Db, filters: AuditFilters): Promise<Page<AuditEntry>> {
  const { tableName, objectId, userId, organizationId, action, requestId, from, to } = filters
  const page = keysetPage<AuditEntry, 'createdAt'>(SORTABLE, auditLog.id, filters)
  const rows = await db
    .select(columns)
    .from(auditLog)
    .where(
      and(
        tableName === undefined ? undefined : eq(auditLog.tableName, tableName),
        objectId === undefined ? undefined : eq(auditLog.objectId, objectId),
        userId === undefined ? undefined : eq(auditLog.userId, userId),
        organizationId === undefined ? undefined : eq(auditLog.organizationId, organizationId),
        action === undefined ? undefined : eq(auditLog.action, action),
        requestId === undefined ? undefined : eq(auditLog.requestId, requestId),
        from && gte(auditLog.id, firstIdOf(from.getTime())),
        to && lt(auditLog.id, firstIdOf(to.getTime() + 1)),
        page.after,
      ),
    )
    .orderBy(...page.orderBy)
    .limit(page.limit)
  const { data, nextCursor } = page.toPage(rows)
  return { data: data.map(toApiEntry), nextCursor }
}

/** The smallest id of a millisecond. Ids count from 1970: what is earlier would wrap around to the far future. */
function firstIdOf(time: number): string {
  const hex = Math.max(time, 0).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

/** Throws NotFound. */
export async function getAuditEntry(db: Db, id: string): Promise<AuditEntry> {
  const [entry] = await db.select(columns).from(auditLog).where(eq(auditLog.id, id))
  if (!entry) throw new NotFound()
  return toApiEntry(entry)
}

const toApiEntry = (entry: AuditEntry): AuditEntry => ({
  ...entry,
  stateBefore: toApiState(entry.tableName, entry.stateBefore),
  stateAfter: toApiState(entry.tableName, entry.stateAfter),
})
