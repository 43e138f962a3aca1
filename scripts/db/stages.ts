import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Snapshot } from './snapshots.js'

export interface Stage {
  /** Appended to the name of the migration. Empty for the main change. */
  suffix: string
  snapshot: Snapshot
}

/**
 * Splits the change between two snapshots into steps that need a migration each. In PostgreSQL, a new enum
 * value cannot be used before it is committed, and an index cannot be built concurrently in a transaction.
 * Removed values go last and removed indexes first, so that the way down can add them in a separate migration
 * too.
 */
export function stagesBetween(before: Snapshot, after: Snapshot): Stage[] {
  const withNewValues = withEnums(before, (name, values) => longer(values, after.enums[name]?.values))
  const withOldValues = withEnums(after, (name, values) => longer(values, before.enums[name]?.values))
  const stages = [
    { suffix: '_values', snapshot: withNewValues },
    { suffix: '_drop_indexes', snapshot: withoutConcurrent(withNewValues, after) },
    { suffix: '', snapshot: withoutConcurrent(withOldValues, before) },
    { suffix: '_indexes', snapshot: withOldValues },
    { suffix: '_drop_values', snapshot: after },
  ]
  const steps = stages.filter(
    ({ snapshot }, index) => !isSame(snapshot, stages[index - 1]?.snapshot ?? before),
  )
  return chain(before, after, steps)
}

/** The last step has the id of the requested snapshot. A single step has no suffix. */
function chain(before: Snapshot, after: Snapshot, steps: Stage[]): Stage[] {
  let prevId = before.id
  return steps.map(({ suffix, snapshot }, index) => {
    const id = index === steps.length - 1 ? after.id : randomUUID()
    const stage = { suffix: steps.length === 1 ? '' : suffix, snapshot: { ...snapshot, id, prevId } }
    prevId = id
    return stage
  })
}

const isSame = (one: Snapshot, other: Snapshot): boolean =>
  isDeepStrictEqual({ ...one, id: '', prevId: '' }, { ...other, id: '', prevId: '' })

function withEnums(snapshot: Snapshot, valuesOf: (name: string, values: string[]) => string[]): Snapshot {
  const enums = Object.entries(snapshot.enums).map(([name, one]) => [
    name,
    { ...one, values: valuesOf(name, one.values) },
  ])
  return { ...snapshot, enums: Object.fromEntries(enums) }
}

/**
 * Returns `others` when they only add to `values`. Otherwise the type is
 * recreated, and its values are usable at once.
 */
function longer(values: string[], others: string[] = []): string[] {
  return isDeepStrictEqual(
    others.filter((value) => values.includes(value)),
    values,
  )
    ? others
    : values
}

/** Removes the indexes that are built concurrently and differ in the other snapshot. */
function withoutConcurrent(snapshot: Snapshot, other: Snapshot): Snapshot {
  const tables = Object.entries(snapshot.tables).map(([key, table]) => {
    const kept = Object.entries(table.indexes).filter(
      ([name, index]) => !index.concurrently || isDeepStrictEqual(index, other.tables[key]?.indexes[name]),
    )
    return [key, { ...table, indexes: Object.fromEntries(kept) }]
  })
  return { ...snapshot, tables: Object.fromEntries(tables) }
}
