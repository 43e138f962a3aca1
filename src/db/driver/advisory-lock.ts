import { sql } from 'drizzle-orm'
import type { Db } from './client.js'

/** Of all processes on this database, one at a time does the work of this name. */
export function withAdvisoryLock<T>(db: Db, name: string, work: () => Promise<T>): Promise<T> {
  return db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtext(${name}))`)
    return work()
  })
}
