import { type Query, sql } from 'drizzle-orm'

/** PostgreSQL keeps every prepared text for a connection's life, so both their number and their size are bounded. */
const LIMITS = { texts: 500, params: 64, characters: 8_000 }

const MARK = '/* planned for its values */'

/**
 * A condition that is always true, for searches: what the best plan is depends on the values, and of their many shapes
 * few are worth keeping.
 */
export const plannedForItsValues = sql.raw(`true ${MARK}`)

/** Which statements a process prepares: the same ones on each of its connections, in transactions and outside. */
export class PreparedTexts {
  private readonly admitted = new Set<string>()

  admit({ sql, params }: Query): boolean {
    if (this.admitted.has(sql)) return true
    if (sql.includes(MARK)) return false
    const isSmall = params.length > 0 && params.length <= LIMITS.params && sql.length <= LIMITS.characters
    if (!isSmall || this.admitted.size >= LIMITS.texts) return false
    this.admitted.add(sql)
    return true
  }
}
