import { type Query, sql } from 'drizzle-orm'

/** PostgreSQL keeps prepared statements for the life of a connection, so number and size are limited. */
const LIMITS = { texts: 500, params: 64, characters: 8_000 }

const MARK = '/* planned for its values */'

/**
 * A condition that is always true and keeps a statement from being prepared. For searches: their best
 * plan depends on the values, and most of their many shapes are too rare to keep.
 */
export const plannedForItsValues = sql.raw(`true ${MARK}`)

/** The statements that this process prepares, on every connection, in transactions and outside. */
export class PreparedTexts {
  private readonly admitted = new Set<string>()

  /** Returns true if the statement is to be prepared: it has parameters and is within the limits. */
  admit({ sql, params }: Query): boolean {
    if (this.admitted.has(sql)) return true
    if (sql.includes(MARK)) return false
    const isSmall = params.length > 0 && params.length <= LIMITS.params && sql.length <= LIMITS.characters
    if (!isSmall || this.admitted.size >= LIMITS.texts) return false
    this.admitted.add(sql)
    return true
  }
}
