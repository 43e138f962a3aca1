import { and, arrayOverlaps, asc, desc, eq, gt, gte, lt, or, type SQL, sql } from 'drizzle-orm'
import { firstUuidOf } from '../../../lib/schema/uuid.js'
import { auditLog } from '../../audit/log.js'
import type { Db } from '../../driver/client.js'

type Search = {
  /** The entry must have changed one of these columns. */
  columns: string[]
  /** A further condition for the entries. */
  condition: SQL | undefined
  descending: boolean
  limit: number
}

/** The number of entries to read in order before searching the index of changed columns. */
const PROBE = 500

/**
 * The ids of the first updates, in order, that changed a column.
 *
 * The index of changed columns has no order, so all of its hits must be read and sorted. Without the
 * index, all entries up to the last hit must be read. So each month, which is one partition, is
 * searched in two steps: its first entries in order, which finds common columns, and then the index,
 * which finds rare ones.
 */
export async function findChanges(db: Db, search: Search): Promise<string[]> {
  const found: string[] = []
  let bound: SQL | undefined
  for (;;) {
    const limit = search.limit - found.length
    const probe = await probeEntries(db, { ...search, limit, condition: and(search.condition, bound) })
    found.push(...probe.hits)
    if (found.length === search.limit || probe.last === undefined) return found
    const [restOfMonth, afterMonth] = boundsAfter(probe.last, search.descending)
    const condition = and(search.condition, restOfMonth)
    found.push(...(await searchIndex(db, { ...search, limit: search.limit - found.length, condition })))
    if (found.length === search.limit) return found
    bound = afterMonth
  }
}

const orderOf = ({ descending }: Search): SQL => (descending ? desc : asc)(auditLog.id)

/** Reads the next entries in order. `last` is the last id read, or undefined at the end of the log. */
async function probeEntries(db: Db, search: Search) {
  const next = db
    .select({
      id: auditLog.id,
      isHit: sql<boolean>`coalesce(${arrayOverlaps(auditLog.changed, search.columns)}, false)`.as('is_hit'),
      position: sql<number>`row_number() over (order by ${orderOf(search)})`.as('position'),
    })
    .from(auditLog)
    .where(search.condition)
    .orderBy(orderOf(search))
    .limit(PROBE)
    .as('next')
  const rows = await db
    .select({ id: next.id, isHit: next.isHit, position: next.position })
    .from(next)
    .where(or(next.isHit, eq(next.position, PROBE)))
    .orderBy(search.descending ? desc(next.id) : asc(next.id))
    .limit(search.limit)
  const last = rows.at(-1)
  return {
    hits: rows.filter(({ isHit }) => isHit).map(({ id }) => id),
    last: last && Number(last.position) === PROBE ? last.id : undefined,
  }
}

/** Reads ids only: sorting whole entries would take longer than finding them. */
async function searchIndex(db: Db, search: Search): Promise<string[]> {
  const hits = db
    .select({ id: auditLog.id })
    .from(auditLog)
    .where(and(arrayOverlaps(auditLog.changed, search.columns), search.condition))
  const rows = await db
    .select({ id: sql<string>`hit.id` })
    // `offset 0` keeps PostgreSQL from scanning entries in order for the hits, as the probe has done.
    .from(sql`(${hits} offset 0) as hit`)
    .orderBy(search.descending ? sql`hit.id desc` : sql`hit.id`)
    .limit(search.limit)
  return rows.map(({ id }) => id)
}

/** Conditions for the entries after this one in its month, and for those after its month. */
function boundsAfter(id: string, descending: boolean): [SQL | undefined, SQL] {
  const moment = new Date(Number.parseInt(id.replace('-', '').slice(0, 12), 16))
  const startOfMonth = (offset: number) =>
    firstUuidOf(Date.UTC(moment.getUTCFullYear(), moment.getUTCMonth() + offset))
  if (descending) {
    const first = startOfMonth(0)
    return [and(gte(auditLog.id, first), lt(auditLog.id, id)), lt(auditLog.id, first)]
  }
  const next = startOfMonth(1)
  return [and(gt(auditLog.id, id), lt(auditLog.id, next)), gte(auditLog.id, next)]
}
