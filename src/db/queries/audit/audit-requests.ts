import { and, eq, getTableColumns, gte, lt, type SQL, sql } from 'drizzle-orm'
import type { FinishedRequest, RequestOutcome } from '../../../lib/audit/finished-request.js'
import type { SecurityEvent } from '../../../lib/audit/security-events.js'
import { NotFound } from '../../../lib/errors/errors.js'
import type { Page, PageQuery } from '../../../lib/schema/pagination.js'
import { firstUuidOf } from '../../../lib/schema/uuid.js'
import { withAllMoved } from '../../audit/new-entries.js'
import { type AuditRequest, auditRequests } from '../../audit/requests.js'
import type { Db } from '../../driver/client.js'
import { keysetPage } from '../page.js'

/**
 * Writes request records. The caller chooses their ids, so a batch that is sent again is not recorded
 * twice. Returns the request ids of requests that changed rows without entries.
 */
export async function recordRequests(db: Db, requests: readonly FinishedRequest[]): Promise<string[]> {
  const batch = JSON.stringify(requests.map(toRow))
  const rows = await withAllMoved(db, (tx) =>
    tx.execute<{ requestId: string }>(
      sql`select record_after_move as "requestId" from audit.record_after_move(${batch}::text::jsonb)`,
    ),
  )
  return rows.map(({ requestId }) => requestId)
}

const toRow = (request: FinishedRequest) => ({
  id: request.id,
  cause_id: request.causeId,
  created_at: request.createdAt,
  started_at: request.startedAt,
  request_id: request.requestId,
  actor: request.actor,
  user_id: request.userId,
  subject_id: request.subjectId,
  organization_id: request.organizationId,
  event: request.event,
  outcome: request.outcome,
  status: request.status,
  duration_ms: request.durationMs,
  method: request.method,
  route: request.route,
  url: request.url,
  ip: request.ip,
  headers: request.headers,
  body: request.body,
  args: request.args,
  rows_changed: request.rowsChanged,
  count: request.count > 1 ? request.count : null,
})

/** Undefined fields match all records. `from` and `to` are inclusive. */
export type AuditRequestFilters = PageQuery<'createdAt' | '-createdAt'> & {
  requestId?: string
  userId?: string
  subjectId?: string
  organizationId?: string
  event?: SecurityEvent
  outcome?: RequestOutcome
  from?: Date
  to?: Date
}

const columns = {
  ...getTableColumns(auditRequests),
  count: sql<number>`coalesce(${auditRequests.count}, 1)`.mapWith(Number),
}

/** Ids begin with the time, so ordering by id is ordering by time. */
const SORTABLE = { createdAt: auditRequests.id }

export async function listAuditRequests(db: Db, filters: AuditRequestFilters): Promise<Page<AuditRequest>> {
  const { requestId, userId, subjectId, organizationId, event, outcome, from, to } = filters
  const page = keysetPage<AuditRequest, 'createdAt'>(SORTABLE, auditRequests.id, filters)
  const rows = await db
    .select(columns)
    .from(auditRequests)
    .where(
      and(
        requestId === undefined ? undefined : eq(auditRequests.requestId, requestId),
        userId === undefined ? undefined : eq(auditRequests.userId, userId),
        subjectId === undefined ? undefined : eq(auditRequests.subjectId, subjectId),
        matchesOrganization(organizationId),
        event && eq(auditRequests.event, event),
        outcome && eq(auditRequests.outcome, outcome),
        from && gte(auditRequests.id, firstUuidOf(from.getTime())),
        to && lt(auditRequests.id, firstUuidOf(to.getTime() + 1)),
        page.after,
      ),
    )
    .orderBy(...page.orderBy)
    .limit(page.limit)
  return page.toPage(rows)
}

/** @throws {NotFound} when there is no such record, or it belongs to another organization */
export async function getAuditRequest(db: Db, id: string, organizationId?: string): Promise<AuditRequest> {
  const [request] = await db
    .select(columns)
    .from(auditRequests)
    .where(and(eq(auditRequests.id, id), matchesOrganization(organizationId)))
  if (!request) throw new NotFound()
  return request
}

const matchesOrganization = (organizationId: string | undefined): SQL | undefined =>
  organizationId === undefined ? undefined : eq(auditRequests.organizationId, organizationId)
