import { MigrationError } from './error.js'

/** How the migrations that a database has compare with those of this release. */
export interface History {
  /** The newest migration that this release has; undefined where it has none. */
  newest: string | undefined
  /** Brought by this release, and not applied. */
  pending: string[]
  /** Applied by a newer release, after all that this one has: the normal state while a release is rolled out. */
  newer: string[]
  /** Applied, unknown here, and not after all that this release has: two branches have gone different ways. */
  unknown: string[]
}

/** Both oldest first. */
export function compareHistories(known: readonly string[], applied: readonly string[]): History {
  const newest = known.at(-1)
  const pending = known.filter((name) => !applied.includes(name))
  const others = applied.filter((name) => !known.includes(name))
  const isAhead = pending.length === 0 && others.every((name) => numberOf(name) > numberOf(newest))
  return { newest, pending, newer: isAhead ? others : [], unknown: isAhead ? [] : others }
}

const numberOf = (name = '0000'): number => Number(name.slice(0, 4))

/** @throws MigrationError, for what follows an unknown migration may not suit it. */
export function refuseDiverged({ newest, pending, unknown }: History): void {
  if (unknown.length === 0) return
  const [first = 'nothing'] = pending.length > 0 ? pending : [newest]
  throw new MigrationError(
    `${unknown.join(', ')} is applied here, but has no file in this release, which has ${first} instead: their histories have gone different ways. Use a release that has both, or downgrade with the one that has the files`,
  )
}
