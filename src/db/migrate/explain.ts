/**
 * What differs between the migration files and a database, with the way out. All programs take their
 * sentences from here.
 */
import { compareHistories, type History } from './history.js'
import type { MigrationState } from './status.js'

export type Explanation = { state: MigrationState['state']; text: string }

/** One sentence for each kind of difference. Empty if all migrations are applied as they are. */
export function explainStates(states: readonly MigrationState[]): Explanation[] {
  const namesOf = (...wanted: MigrationState['state'][]) =>
    states.filter(({ state }) => wanted.includes(state)).map(({ name }) => name)
  const all = namesOf('applied', 'pending', 'edited', 'newer', 'unknown', 'half-way')
  const lacking = namesOf('newer', 'unknown')
  const pending = namesOf('pending')
  const history = compareHistories(
    all.filter((name) => !lacking.includes(name)),
    all.filter((name) => !pending.includes(name)),
  )
  const edited = namesOf('edited')
  const explain = (state: Explanation['state'], names: string[], text: () => string) =>
    names.length === 0 ? [] : [{ state, text: text() }]
  return [
    ...namesOf('half-way').map((name) => ({ state: 'half-way' as const, text: explainHalfWay(name) })),
    ...explain('edited', edited, () => explainEdited(edited, all)),
    ...explain('unknown', history.unknown, () => explainUnknown(history)),
    ...explain('newer', history.newer, () => explainNewer(history)),
    ...explain('pending', pending, () => explainPending(pending)),
  ]
}

const explainPending = (names: readonly string[]): string =>
  `${are(names)} not applied yet: run npm run db:upgrade`

const explainHalfWay = (name: string): string =>
  `${name} stopped half-way: npm run db:upgrade says what to do`

/** @param names all applied ones, oldest first */
export function explainEdited(edited: readonly string[], names: readonly string[]): string {
  const before = names.slice(0, names.indexOf(edited[0] ?? '')).at(-1) ?? 'base'
  const files = edited.map((name) => `${name}.sql`)
  return `${were(files)} edited after being applied here: restore it and put the change into a new migration, or run npm run db:downgrade -- ${before} first`
}

/** A newer release, or another branch: only the developer knows. */
export const explainNewer = ({ newer, common }: Pick<History, 'newer' | 'common'>): string =>
  `${are(newer)} applied, but without a file here, as is normal during a rollout. After a change of branch, npm run db:downgrade -- ${common} goes back, without the files`

export const explainUnknown = ({ unknown, pending, newest, common }: Omit<History, 'newer'>): string =>
  `${are(unknown)} applied, but without a file here, where ${pending[0] ?? newest ?? 'nothing'} is instead: the histories have diverged, as after a change of branch or a renumbering. In development, run npm run db:downgrade -- ${common}, which does not need the files, and npm run db:upgrade. In production, use a release that has all of them`

const are = (names: readonly string[]): string => `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'}`
const were = (names: readonly string[]): string =>
  `${names.join(', ')} ${names.length === 1 ? 'was' : 'were'}`
