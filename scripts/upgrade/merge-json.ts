// No library serves: those that merge three versions of JSON neither report conflicts nor keep the order of keys.
import { isDeepStrictEqual } from 'node:util'

/** A value that both sides changed. The merge keeps ours. */
export type JsonConflict = { path: string; ours: unknown; theirs: unknown }

type Json = Record<string, unknown>

/**
 * Merges two changes of one JSON object, key by key. Lists of texts and numbers are merged as sets, in
 * the order of ours.
 */
export function mergeJson<T extends object>(base: T, ours: T, theirs: T) {
  const conflicts: JsonConflict[] = []
  const value = mergeValue([], base, ours, theirs, conflicts) as T
  return { value, conflicts }
}

function mergeValue(
  path: string[],
  base: unknown,
  ours: unknown,
  theirs: unknown,
  conflicts: JsonConflict[],
): unknown {
  if (isDeepStrictEqual(ours, theirs) || isDeepStrictEqual(base, theirs)) return ours
  if (isDeepStrictEqual(base, ours)) return theirs
  if (isObject(ours) && isObject(theirs)) {
    const before = isObject(base) ? base : {}
    const keys = mergeKeys(Object.keys(ours), Object.keys(theirs))
    const entries = keys.map((key) => {
      const value = mergeValue([...path, key], before[key], ours[key], theirs[key], conflicts)
      return [key, value] as const
    })
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
  }
  if (isList(base) && isList(ours) && isList(theirs)) {
    const added = theirs.filter((item) => !base.includes(item) && !ours.includes(item))
    return [...ours.filter((item) => !base.includes(item) || theirs.includes(item)), ...added]
  }
  conflicts.push({ path: path.join('.'), ours, theirs })
  return ours
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isList = (value: unknown): value is unknown[] =>
  Array.isArray(value) && value.every((item) => typeof item !== 'object')

/** Each of their own keys stands behind the key that it follows on their side; sorted keys stay sorted. */
function mergeKeys(ours: string[], theirs: string[]): string[] {
  const keys = [...ours]
  for (const [index, key] of theirs.entries())
    if (!keys.includes(key)) keys.splice(keys.indexOf(theirs[index - 1] ?? '') + 1, 0, key)
  return [ours, theirs].every(isSorted) ? keys.sort() : keys
}

const isSorted = (keys: string[]): boolean => isDeepStrictEqual(keys, [...keys].sort())
