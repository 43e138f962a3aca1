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
  /** What a downgrade has to leave to revert all that this release lacks: a name, or `base`. */
  common: string
}

/** Takes names, both lists oldest first. */
export function compareHistories(known: readonly string[], applied: readonly string[]): History {
  const newest = known.at(-1)
  const pending = known.filter((name) => !applied.includes(name))
  const others = applied.filter((name) => !known.includes(name))
  const isAhead = pending.length === 0 && others.every((name) => numberOf(name) > numberOf(newest))
  const common = applied.slice(0, applied.indexOf(others[0] ?? '')).at(-1) ?? 'base'
  return { newest, pending, newer: isAhead ? others : [], unknown: isAhead ? [] : others, common }
}

const numberOf = (name = '0000'): number => Number(name.slice(0, 4))
