import type { Query } from 'drizzle-orm'

/** PostgreSQL keeps every prepared text for a connection's life, so both their number and their size are bounded. */
const LIMITS = { texts: 500, params: 64, characters: 8_000 }

/** Which statements a process prepares: the same ones on each of its connections, in transactions and outside. */
export class PreparedTexts {
  private readonly admitted = new Set<string>()

  admit({ sql, params }: Query): boolean {
    if (this.admitted.has(sql)) return true
    const isSmall = params.length > 0 && params.length <= LIMITS.params && sql.length <= LIMITS.characters
    if (!isSmall || this.admitted.size >= LIMITS.texts) return false
    this.admitted.add(sql)
    return true
  }
}
