import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Snapshot } from './snapshots.js'

export interface Stage {
  /** What is added to the name of its migration; nothing for the change itself. */
  suffix: string
  snapshot: Snapshot
}

/**
 * The steps from one snapshot to another that need a migration each, because one transaction cannot do them all: PostgreSQL
 * lets no statement use an added value of an enum before it is committed, and builds an index concurrently in no transaction.
 * What is taken away goes last, or first, so that the way back can add it by itself, too.
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

/** The last one is what was asked for, and one that is alone has the plain name. */
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

/** The other values where they are these and more; else the type is made anew, and may be used at once. */
function longer(values: string[], others: string[] = []): string[] {
  return isDeepStrictEqual(
    others.filter((value) => values.includes(value)),
    values,
  )
    ? others
    : values
}

/** Without the indexes that are built concurrently and are not the same in the other snapshot. */
function withoutConcurrent(snapshot: Snapshot, other: Snapshot): Snapshot {
  const tables = Object.entries(snapshot.tables).map(([key, table]) => {
    const kept = Object.entries(table.indexes).filter(
      ([name, index]) => !index.concurrently || isDeepStrictEqual(index, other.tables[key]?.indexes[name]),
    )
    return [key, { ...table, indexes: Object.fromEntries(kept) }]
  })
  return { ...snapshot, tables: Object.fromEntries(tables) }
}
