import { and, arrayOverlaps, asc, desc, eq, gt, gte, lt, or, type SQL, sql } from 'drizzle-orm'
import { firstUuidOf } from '../../../lib/schema/uuid.js'
import { auditLog } from '../../audit/log.js'
import type { Db } from '../../driver/client.js'

type Search = {
  /** The columns of which one was changed. */
  columns: string[]
  /** What else is wanted of the entries. */
  condition: SQL | undefined
  descending: boolean
  limit: number
}

/** Of so many entries in order it is looked up whether they changed a column, before the index of changes is asked. */
const PROBE = 500

/**
 * The ids of the first updates, in order, that changed a column. The index of changes knows no order, so what it finds has
 * to be read as a whole and sorted; without it, all entries up to the last wanted one have to be read. So, month by month
 * (which is partition by partition): common fields are found among the month's first entries, and rare ones by the index.
 */
export async function findChanges(db: Db, search: Search): Promise<string[]> {
  const found: string[] = []
  let bound: SQL | undefined
  for (;;) {
    const limit = search.limit - found.length
    const probe = await probeEntries(db, { ...search, limit, condition: and(search.condition, bound) })
    found.push(...probe.hits)
    if (found.length === search.limit || probe.last === undefined) return found
    const [rest, beyond] = restOfMonth(probe.last, search.descending)
    const condition = and(search.condition, rest)
    found.push(...(await askIndex(db, { ...search, limit: search.limit - found.length, condition })))
    if (found.length === search.limit) return found
    bound = beyond
  }
}

const orderOf = ({ descending }: Search): SQL => (descending ? desc : asc)(auditLog.id)

/** Looks at the next entries in order; `last` is where it stopped, undefined at the end of all. */
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

/** The ids alone: to sort the entries themselves takes longer than to find them. */
async function askIndex(db: Db, search: Search): Promise<string[]> {
  const hits = db
    .select({ id: auditLog.id })
    .from(auditLog)
    .where(and(arrayOverlaps(auditLog.changed, search.columns), search.condition))
  const rows = await db
    .select({ id: sql<string>`hit.id` })
    // Seen through an offset PostgreSQL does not try to come upon a few in order: that is what the probe has tried.
    .from(sql`(${hits} offset 0) as hit`)
    .orderBy(search.descending ? sql`hit.id desc` : sql`hit.id`)
    .limit(search.limit)
  return rows.map(({ id }) => id)
}

/** Conditions for the entries behind this one in its month, and for those behind its month. */
function restOfMonth(id: string, descending: boolean): [SQL | undefined, SQL] {
  const moment = new Date(Number.parseInt(id.replace('-', '').slice(0, 12), 16))
  const startOfMonth = (ahead: number) =>
    firstUuidOf(Date.UTC(moment.getUTCFullYear(), moment.getUTCMonth() + ahead))
  if (descending) {
    const first = startOfMonth(0)
    return [and(gte(auditLog.id, first), lt(auditLog.id, id)), lt(auditLog.id, first)]
  }
  const next = startOfMonth(1)
  return [and(gt(auditLog.id, id), lt(auditLog.id, next)), gte(auditLog.id, next)]
}
