import { asc, type Column, desc, getTableColumns, type SQL, sql } from 'drizzle-orm'
import { type AuditEntry, auditLog } from '../../audit/log.js'
import { toApiState } from '../../audit/states.js'
import type { Db } from '../../driver/client.js'

/**
 * How many bytes of JSON a page of entries holds at most: a row may be as large as PostgreSQL lets it be, and a hundred of
 * those are no page. The first entry is in it whatever its size.
 */
const PAGE_BYTES = 1_048_576

/** What PostgreSQL knows of an entry without unpacking it. Its text is larger, where it is compressed up to a hundred times. */
export type Candidate = { id: string; storedBytes: number }
type Order = { descending: boolean }

const JSON_COLUMNS = ['stateBefore', 'stateAfter', 'headers', 'body', 'args'] as const
type JsonColumn = (typeof JSON_COLUMNS)[number]
type StoredEntry = Omit<AuditEntry, JsonColumn> & Record<JsonColumn, string | null>

const { changed: _onlySearched, ...shown } = getTableColumns(auditLog)

/** The JSON itself, with every digit of its numbers. */
export const asText = (column: Column) => sql<string | null>`${column}::text`

const isJson = (key: string): key is JsonColumn => (JSON_COLUMNS as readonly string[]).includes(key)

const texts = Object.fromEntries(
  JSON_COLUMNS.map((key) => [key, asText(auditLog[key]).as(auditLog[key].name)]),
)

/** The columns of what has been selected from the table before. */
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

/** The next entries, in order. */
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

/** Of entries in this order, the first ones: as many as a page holds. */
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
    .where(isOneOf(ids))
  const direction = order.descending ? sql`desc` : sql`asc`
  // Seen through an offset, PostgreSQL makes each text once, and not once more to measure it.
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

/** As one parameter, so that the text is the same for any number of ids. */
export const isOneOf = (ids: readonly string[]) => sql`${auditLog.id} = any(${`{${ids}}`}::uuid[])`

/** What PostgreSQL is to unpack at once has a bound, too. */
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
