import type { Db } from './client.js'

/** Builds a query once for each database or transaction. drizzle would build its text anew for each run. */
export function prepareOnce<T extends object>(build: (db: Db) => T): (db: Db) => T {
  const queries = new WeakMap<Db, T>()
  return (db) => {
    const existing = queries.get(db)
    if (existing) return existing
    const query = build(db)
    queries.set(db, query)
    return query
  }
}

/** Like `prepareOnce`, with a query for each key. Only for few keys: all queries stay in memory. */
export function prepareEach<K, T extends object>(build: (db: Db, key: K) => T): (db: Db, key: K) => T {
  const queriesOf = prepareOnce(() => new Map<K, T>())
  return (db, key) => {
    const queries = queriesOf(db)
    const query = queries.get(key) ?? build(db, key)
    queries.set(key, query)
    return query
  }
}
