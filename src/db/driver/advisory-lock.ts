import { sql } from 'drizzle-orm'
import type { Db } from './client.js'

/**
 * Runs `work` in only one process at a time for each `name`, among all processes on this database.
 * The others wait. A transaction holds the lock on a connection of the pool; `work` uses others.
 */
export function withAdvisoryLock<T>(db: Db, name: string, work: () => Promise<T>): Promise<T> {
  return db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtext(${name}))`)
    return work()
  })
}
