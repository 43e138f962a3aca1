import { and, type Column, eq, getTableColumns, type SQL, sql } from 'drizzle-orm'
import { NotFound } from '../../lib/errors.js'
import type { Page, PageQuery } from '../../lib/pagination.js'
import { type AuditEntry, auditLog } from '../audit/log.js'
import { parseState, toApiState, toColumnNames } from '../audit/states.js'
import type { Db } from '../client.js'
import { findChanges } from './audit-changes.js'
import { type AuditFilters, conditionOf, isOf } from './audit-filters.js'
import { keysetPage } from './page.js'

type AuditSearch = AuditFilters & {
  /** A field as the API names it: only the updates that changed it. */
  changed?: string
}
type AuditQuery = PageQuery<'createdAt' | '-createdAt'> & AuditSearch

export const exactState = (column: Column) =>
  sql<AuditEntry['stateAfter']>`${column}::text`.mapWith(parseState)

const { changed: _onlySearched, ...shown } = getTableColumns(auditLog)

const columns = {
  ...shown,
  stateBefore: exactState(auditLog.stateBefore),
  stateAfter: exactState(auditLog.stateAfter),
}

/** Ids begin with the time: ordering by them is ordering by time, and the key's own index serves it. */
const SORTABLE = { createdAt: auditLog.id }

export async function listAuditEntries(db: Db, query: AuditQuery): Promise<Page<AuditEntry>> {
  const page = keysetPage<AuditEntry, 'createdAt'>(SORTABLE, auditLog.id, query)
  const condition = and(conditionOf(query), page.after)
  const ids = await findIdsOfChanges(db, query, condition, page.limit)
  const rows =
    ids?.length === 0
      ? []
      : await db
          .select(columns)
          .from(auditLog)
          .where(ids ? isOneOf(ids) : condition)
          .orderBy(...page.orderBy)
          .limit(page.limit)
  const { data, nextCursor } = page.toPage(rows)
  return { data: data.map(toApiEntry), nextCursor }
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

/** As one parameter, so that the text is the same for any number of ids. */
const isOneOf = (ids: string[]) => sql`${auditLog.id} = any(${`{${ids}}`}::uuid[])`

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
  const [entry] = await db
    .select(columns)
    .from(auditLog)
    .where(and(eq(auditLog.id, id), isOf(organizationId)))
  if (!entry) throw new NotFound()
  return toApiEntry(entry)
}

const toApiEntry = (entry: AuditEntry): AuditEntry => ({
  ...entry,
  stateBefore: toApiState(entry.tableName, entry.stateBefore),
  stateAfter: toApiState(entry.tableName, entry.stateAfter),
})
