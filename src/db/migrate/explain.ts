/**
 * What differs between the migration files and a database, with the way out. All programs take their
 * sentences from here.
 */
import { compareHistories, type History } from './history.js'
import type { MigrationState } from './status.js'

type Explanation = { state: MigrationState['state']; text: string }

/** One sentence for each kind of difference. Empty if all migrations are applied as they are. */
export function explainStates(states: readonly MigrationState[]): Explanation[] {
  const namesWhere = (isWanted: (state: MigrationState['state']) => boolean) =>
    states.filter(({ state }) => isWanted(state)).map(({ name }) => name)
  const known = namesWhere((state) => state !== 'newer' && state !== 'unknown')
  const applied = namesWhere((state) => state !== 'pending')
  const edited = namesWhere((state) => state === 'edited')
  const halfWay = namesWhere((state) => state === 'half-way')
  const history = compareHistories(known, applied)
  const { unknown, newer, pending } = history
  return [
    ...halfWay.map((name) => ({ state: 'half-way' as const, text: explainHalfWay(name) })),
    ...(edited.length > 0 ? [{ state: 'edited' as const, text: explainEdited(edited, applied) }] : []),
    ...(unknown.length > 0 ? [{ state: 'unknown' as const, text: explainUnknown(history) }] : []),
    ...(newer.length > 0 ? [{ state: 'newer' as const, text: explainNewer(history) }] : []),
    ...(pending.length > 0 ? [{ state: 'pending' as const, text: explainPending(pending) }] : []),
  ]
}

const explainPending = (names: readonly string[]): string =>
  `${are(names)} not applied yet: run npm run db:upgrade`

const explainHalfWay = (name: string): string =>
  `${name} stopped half-way: npm run db:upgrade says what to do`

/** @param applied all of them, oldest first */
export function explainEdited(edited: readonly string[], applied: readonly string[]): string {
  const before = applied.slice(0, applied.indexOf(edited[0] ?? '')).at(-1) ?? 'base'
  const files = edited.map((name) => `${name}.sql`)
  return `${were(files)} edited after being applied here: restore it and put the change into a new migration, or run npm run db:downgrade -- ${before} first`
}

/** A newer release, or another branch: only the developer knows. */
const explainNewer = ({ newer, common }: Pick<History, 'newer' | 'common'>): string =>
  `${are(newer)} applied, but without a file here, as is normal during a rollout. After a change of branch, npm run db:downgrade -- ${common} goes back, without the files`

export const explainUnknown = ({ unknown, pending, newest, common }: Omit<History, 'newer'>): string =>
  `${are(unknown)} applied, but without a file here, where ${pending[0] ?? newest ?? 'nothing'} is instead: the histories have diverged, as after a change of branch or a renumbering. In development, run npm run db:downgrade -- ${common}, which does not need the files, and npm run db:upgrade. In production, use a release that has all of them`

const are = (names: readonly string[]): string => `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'}`
const were = (names: readonly string[]): string =>
  `${names.join(', ')} ${names.length === 1 ? 'was' : 'were'}`
