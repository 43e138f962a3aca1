import type { Db } from './client.js'

/** Builds a query once for each database (and transaction): drizzle would build its text anew for every run. */
export function prepareOnce<T extends object>(build: (db: Db) => T): (db: Db) => T {
  const queries = new WeakMap<Db, T>()
  return (db) => {
    const known = queries.get(db)
    if (known) return known
    const query = build(db)
    queries.set(db, query)
    return query
  }
}
