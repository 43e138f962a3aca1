import { and, eq, type SQL } from 'drizzle-orm'
import { NotFound } from '../../../lib/errors/errors.js'
import type { Page, PageQuery } from '../../../lib/schema/pagination.js'
import { type AuditEntry, auditLog } from '../../audit/log.js'
import { moveForReaders } from '../../audit/new-entries.js'
import { toColumnNames } from '../../audit/states.js'
import type { Db } from '../../driver/client.js'
import { keysetPage } from '../page.js'
import { findChanges } from './audit-changes.js'
import { hasIdIn, listCandidates, readEntries } from './audit-entries.js'
import { type AuditFilters, conditionOf, matchesOrganization } from './audit-filters.js'

type AuditSearch = AuditFilters & {
  /** A field name of the API. Finds only updates that changed this field. */
  changed?: string
}
type AuditQuery = PageQuery<'createdAt' | '-createdAt'> & AuditSearch

/** Ids begin with the time, so ordering by id is ordering by time, and uses the primary key. */
const SORTABLE = { createdAt: auditLog.id }

/** A page of large entries may have fewer than `limit`. `nextCursor` then leads to the rest. */
export async function listAuditEntries(db: Db, query: AuditQuery): Promise<Page<AuditEntry>> {
  await moveForReaders(db)
  const page = keysetPage<Pick<AuditEntry, 'id' | 'createdAt'>, 'createdAt'>(SORTABLE, auditLog.id, query)
  const order = { descending: query.sort === '-createdAt' }
  const condition = and(conditionOf(query), page.after)
  const ids = await findIdsOfChanges(db, query, condition, page.limit)
  const candidates = await listCandidates(db, ids ? hasIdIn(ids) : condition, { ...order, limit: page.limit })
  const data = await readEntries(db, candidates.slice(0, query.limit), order)
  // The month of the candidates was dropped between the two queries.
  if (data.length === 0 && candidates.length > 0) return listAuditEntries(db, query)
  return page.toPage(data, candidates.length > data.length)
}

/** Undefined if the search does not filter by a changed field. */
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
 * All entries of a search in batches, newest first. Each batch is queried on demand, so no transaction
 * stays open. Entries written meanwhile are newer than the first batch and are not included.
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

/** @throws {NotFound} when there is no such entry, or it belongs to another organization */
export async function getAuditEntry(db: Db, id: string, organizationId?: string): Promise<AuditEntry> {
  await moveForReaders(db)
  const order = { descending: true }
  const condition = and(eq(auditLog.id, id), matchesOrganization(organizationId))
  const candidates = await listCandidates(db, condition, { ...order, limit: 1 })
  const [entry] = await readEntries(db, candidates, order)
  if (!entry) throw new NotFound()
  return entry
}
