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

/** As `prepareOnce`, a query for each of a few keys. */
export function prepareEach<K, T extends object>(build: (db: Db, key: K) => T): (db: Db, key: K) => T {
  const queriesOf = prepareOnce(() => new Map<K, T>())
  return (db, key) => {
    const queries = queriesOf(db)
    const query = queries.get(key) ?? build(db, key)
    queries.set(key, query)
    return query
  }
}
