import { asc, type Column, desc, getTableColumns, type SQL, sql } from 'drizzle-orm'
import { type AuditEntry, auditLog } from '../../audit/log.js'
import { toApiState } from '../../audit/states.js'
import type { Db } from '../../driver/client.js'

/**
 * The most bytes of JSON on a page of entries, because a single row may already be very large. The
 * first entry is always included, whatever its size.
 */
const PAGE_BYTES = 1_048_576

/**
 * The stored size of an entry, which PostgreSQL knows without decompressing it. The text may be a
 * hundred times as large.
 */
export type Candidate = { id: string; storedBytes: number }
type Order = { descending: boolean }

const JSON_COLUMNS = ['stateBefore', 'stateAfter', 'headers', 'body', 'args'] as const
type JsonColumn = (typeof JSON_COLUMNS)[number]
type StoredEntry = Omit<AuditEntry, JsonColumn> & Record<JsonColumn, string | null>

const { changed: _searchOnly, ...shown } = getTableColumns(auditLog)

/** A JSON column as text, which keeps every digit of its numbers. */
export const asText = (column: Column) => sql<string | null>`${column}::text`

const isJson = (key: string): key is JsonColumn => (JSON_COLUMNS as readonly string[]).includes(key)

const texts = Object.fromEntries(
  JSON_COLUMNS.map((key) => [key, asText(auditLog[key]).as(auditLog[key].name)]),
)

/** The columns of the subquery that has selected from the table. */
const selected = Object.fromEntries(
  Object.entries(shown).map(([key, column]) => {
    const name = sql`${sql.identifier(column.name)}`
    return [key, isJson(key) ? name : name.mapWith(column)]
  }),
)

const sizeOf = (measure: string) =>
  sql.join(
    JSON_COLUMNS.map((key) => sql`coalesce(${sql.raw(measure)}(${sql.identifier(auditLog[key].name)}), 0)`),
    sql` + `,
  )

const orderBy = ({ descending }: Order): SQL => (descending ? desc : asc)(auditLog.id)

/** The ids and stored sizes of the next entries, in order. */
export const listCandidates = (
  db: Db,
  condition: SQL | undefined,
  { limit, ...order }: Order & { limit: number },
): Promise<Candidate[]> =>
  db
    .select({ id: auditLog.id, storedBytes: sql<number>`${sizeOf('pg_column_size')}` })
    .from(auditLog)
    .where(condition)
    .orderBy(orderBy(order))
    .limit(limit)

/** Reads the first of the candidates, which must be in `order`: as many as fit on a page. */
export async function readEntries(
  db: Db,
  candidates: readonly Candidate[],
  order: Order,
): Promise<AuditEntry[]> {
  const ids = withinPage(candidates).map(({ id }) => id)
  if (ids.length === 0) return []
  const entry = db
    .select({ ...shown, ...texts })
    .from(auditLog)
    .where(hasIdIn(ids))
  const direction = order.descending ? sql`desc` : sql`asc`
  // `offset 0` makes PostgreSQL convert each text once, not again to measure it.
  const measured = sql`(
    select *, sum(bytes) over (order by id ${direction}) as bytes_so_far
    from (select *, ${sizeOf('octet_length')} as bytes from (${entry} offset 0) as entry) as sized
  ) as measured`
  const rows = await db
    .select(selected)
    .from(measured)
    .where(sql`bytes_so_far <= ${PAGE_BYTES} or bytes_so_far = bytes`)
    .orderBy(sql`id ${direction}`)
  return (rows as StoredEntry[]).map(toApiEntry)
}

/** The ids are a single parameter, so that the statement's text does not depend on their number. */
export const hasIdIn = (ids: readonly string[]) => sql`${auditLog.id} = any(${`{${ids}}`}::uuid[])`

/** Limits the stored bytes, too, because PostgreSQL has to decompress them. */
function withinPage(candidates: readonly Candidate[]): readonly Candidate[] {
  let bytes = 0
  const end = candidates.findIndex(({ storedBytes }) => {
    bytes += storedBytes
    return bytes > PAGE_BYTES
  })
  return end === -1 ? candidates : candidates.slice(0, Math.max(end, 1))
}

const parse = (json: string | null): unknown => json && JSON.parse(json)

const toApiEntry = (entry: StoredEntry): AuditEntry => ({
  ...entry,
  stateBefore: toApiState(entry.tableName, entry.stateBefore),
  stateAfter: toApiState(entry.tableName, entry.stateAfter),
  headers: parse(entry.headers),
  body: parse(entry.body),
  args: parse(entry.args),
})
