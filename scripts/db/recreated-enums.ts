import type { Snapshot, SnapshotTable } from './snapshots.js'

/** Values that a type loses on the way, by its name in the snapshots. PostgreSQL can only make it anew without them. */
export function findLostValues(before: Snapshot, after: Snapshot): Map<string, string[]> {
  const lost = Object.entries(before.enums).map(([name, { values }]) => {
    const left = after.enums[name]?.values ?? values
    return [name, values.filter((value) => !left.includes(value))] as const
  })
  return new Map(lost.filter(([, values]) => values.length > 0))
}

/**
 * The snapshot without what goes by a column of these types: policies and checks, and indexes of a part of the rows or of an
 * expression. PostgreSQL does not let a column change its type under them, and drizzle-kit leaves them where they are.
 */
export function withoutDependents(snapshot: Snapshot, types: ReadonlyMap<string, unknown>): Snapshot {
  const tables = Object.entries(snapshot.tables).map(([key, table]) => [key, strip(table, types)])
  return { ...snapshot, tables: Object.fromEntries(tables) }
}

function strip(table: SnapshotTable, types: ReadonlyMap<string, unknown>): SnapshotTable {
  const columns = Object.values(table.columns).filter((column) => types.has(typeOf(column)))
  const goesByOne = (part: unknown) => columns.some(({ name }) => JSON.stringify(part).includes(name))
  const keep = <T>(parts: Record<string, T>, textOf: (part: T) => unknown): Record<string, T> =>
    Object.fromEntries(Object.entries(parts).filter(([, part]) => !goesByOne(textOf(part) ?? null)))
  return {
    ...table,
    indexes: keep(table.indexes, ({ where, columns }) => [where, columns.filter((it) => it.isExpression)]),
    checkConstraints: keep(table.checkConstraints, ({ value }) => value),
    policies: keep(table.policies, ({ using, withCheck }) => [using, withCheck]),
  }
}

const typeOf = ({ type, typeSchema = 'public' }: SnapshotTable['columns'][string]): string =>
  `${typeSchema}.${type.replace(/(\[\d*\])+$/, '')}`
