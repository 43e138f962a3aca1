import type { Snapshot, SnapshotTable } from './snapshots.js'

/**
 * Returns the values that enums lose, by the name of the enum in the snapshots. PostgreSQL cannot remove a
 * value: the type has to be recreated.
 */
export function findLostValues(before: Snapshot, after: Snapshot): Map<string, string[]> {
  const lost = Object.entries(before.enums).map(([name, { values }]) => {
    const left = after.enums[name]?.values ?? values
    return [name, values.filter((value) => !left.includes(value))] as const
  })
  return new Map(lost.filter(([, values]) => values.length > 0))
}

/**
 * Returns the snapshot without the policies, checks, partial indexes and expression indexes that use a column
 * of these types. PostgreSQL cannot change the type of a column while they exist, and drizzle-kit does not
 * drop them.
 */
export function withoutDependents(snapshot: Snapshot, types: ReadonlyMap<string, unknown>): Snapshot {
  const tables = Object.entries(snapshot.tables).map(([key, table]) => [key, strip(table, types)])
  return { ...snapshot, tables: Object.fromEntries(tables) }
}

function strip(table: SnapshotTable, types: ReadonlyMap<string, unknown>): SnapshotTable {
  const columns = Object.values(table.columns).filter((column) => types.has(typeOf(column)))
  const usesColumn = (part: unknown) => columns.some(({ name }) => JSON.stringify(part).includes(name))
  const keep = <T>(parts: Record<string, T>, textOf: (part: T) => unknown): Record<string, T> =>
    Object.fromEntries(Object.entries(parts).filter(([, part]) => !usesColumn(textOf(part) ?? null)))
  return {
    ...table,
    indexes: keep(table.indexes, ({ where, columns }) => [
      where,
      columns.filter(({ isExpression }) => isExpression),
    ]),
    checkConstraints: keep(table.checkConstraints, ({ value }) => value),
    policies: keep(table.policies, ({ using, withCheck }) => [using, withCheck]),
  }
}

const typeOf = ({ type, typeSchema = 'public' }: SnapshotTable['columns'][string]): string =>
  `${typeSchema}.${type.replace(/(\[\d*\])+$/, '')}`
