import { MigrationError } from './error.js'

/** The migrations of a database compared with those of this release. */
export interface History {
  /** The newest migration of this release. Undefined if it has none. */
  newest: string | undefined
  /** In this release, but not applied. */
  pending: string[]
  /** Applied by a newer release, after all migrations of this one. Normal during a rollout. */
  newer: string[]
  /** Applied and unknown to this release, but not newer than all of its own: two branches diverged. */
  unknown: string[]
}

/** Takes names, both lists oldest first. */
export function compareHistories(known: readonly string[], applied: readonly string[]): History {
  const newest = known.at(-1)
  const pending = known.filter((name) => !applied.includes(name))
  const others = applied.filter((name) => !known.includes(name))
  const isAhead = pending.length === 0 && others.every((name) => numberOf(name) > numberOf(newest))
  return { newest, pending, newer: isAhead ? others : [], unknown: isAhead ? [] : others }
}

const numberOf = (name = '0000'): number => Number(name.slice(0, 4))

/** @throws {MigrationError} when there are unknown migrations: later ones may not work on top of them */
export function refuseDiverged({ newest, pending, unknown }: History): void {
  if (unknown.length === 0) return
  const [first = 'nothing'] = pending.length > 0 ? pending : [newest]
  throw new MigrationError(
    `${unknown.join(', ')} is applied here, but has no file in this release, which has ${first} instead: the two histories have diverged. Use a release that has both, or downgrade with the one that has the files`,
  )
}
