import { and, eq, type SQL } from 'drizzle-orm'
import { NotFound } from '../../../lib/errors/errors.js'
import type { Page, PageQuery } from '../../../lib/schema/pagination.js'
import { type AuditEntry, auditLog } from '../../audit/log.js'
import { toColumnNames } from '../../audit/states.js'
import type { Db } from '../../driver/client.js'
import { keysetPage } from '../page.js'
import { findChanges } from './audit-changes.js'
import { isOneOf, listCandidates, readEntries } from './audit-entries.js'
import { type AuditFilters, conditionOf, isOf } from './audit-filters.js'

type AuditSearch = AuditFilters & {
  /** A field as the API names it: only the updates that changed it. */
  changed?: string
}
type AuditQuery = PageQuery<'createdAt' | '-createdAt'> & AuditSearch

/** Ids begin with the time: ordering by them is ordering by time, and the key's own index serves it. */
const SORTABLE = { createdAt: auditLog.id }

/** A page ends earlier than its limit says where its entries are large: `nextCursor` leads on. */
export async function listAuditEntries(db: Db, query: AuditQuery): Promise<Page<AuditEntry>> {
  const page = keysetPage<Pick<AuditEntry, 'id' | 'createdAt'>, 'createdAt'>(SORTABLE, auditLog.id, query)
  const order = { descending: query.sort === '-createdAt' }
  const condition = and(conditionOf(query), page.after)
  const ids = await findIdsOfChanges(db, query, condition, page.limit)
  const candidates = await listCandidates(db, ids ? isOneOf(ids) : condition, { ...order, limit: page.limit })
  const data = await readEntries(db, candidates.slice(0, query.limit), order)
  // Their month was dropped in between.
  if (data.length === 0 && candidates.length > 0) return listAuditEntries(db, query)
  return page.toPage(data, candidates.length > data.length)
}

/** Undefined where no change is asked for. */
async function findIdsOfChanges(
  db: Db,
  { changed, tableName, sort }: AuditQuery,
  condition: SQL | undefined,
  limit: number,
): Promise<string[] | undefined> {
  if (changed === undefined) return undefined
  const descending = sort === '-createdAt'
  return findChanges(db, { columns: toColumnNames(changed, tableName), condition, descending, limit })
}

const EXPORT_BATCH = 500

/**
 * All that a search finds, in batches from the newest to the oldest. Each is a query of its own, made when it is asked for:
 * no transaction stays open, and what is written meanwhile is newer than the first batch and does not show.
 */
export async function* exportAuditEntries(db: Db, filters: AuditSearch): AsyncGenerator<AuditEntry[]> {
  let position: { cursor?: string } | undefined = {}
  while (position) {
    const page: Page<AuditEntry> = await listAuditEntries(db, {
      ...filters,
      ...position,
      sort: '-createdAt',
      limit: EXPORT_BATCH,
    })
    yield page.data
    position = page.nextCursor === null ? undefined : { cursor: page.nextCursor }
  }
}

/** Throws NotFound, for one of another organization as well. */
export async function getAuditEntry(db: Db, id: string, organizationId?: string): Promise<AuditEntry> {
  const order = { descending: true }
  const condition = and(eq(auditLog.id, id), isOf(organizationId))
  const candidates = await listCandidates(db, condition, { ...order, limit: 1 })
  const [entry] = await readEntries(db, candidates, order)
  if (!entry) throw new NotFound()
  return entry
}
