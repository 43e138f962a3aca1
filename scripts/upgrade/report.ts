import type { Conflict } from './merge.js'
import { concerns, type UpgradeNote } from './notes.js'
import type { Upgrade } from './upgrade.js'

/** Describes what the merge did and what is left to do, in lines of text. */
export function describe(upgrade: Upgrade): string {
  const { release, branch, conflicts, stayDeleted, migrations, notes } = upgrade
  const shown = new Set<UpgradeNote>()
  const inConflict = conflicts.flatMap((conflict) => describeConflict(conflict, notes, shown))
  const others = notes.filter((note) => !shown.has(note)).map(describeNote)
  const renumbered = migrations.filter(({ from, to }) => from !== to)
  return [
    `${release} is on the branch ${branch}${conflicts.length > 0 ? `, with ${count(conflicts)}:` : '.'}`,
    ...inConflict,
    ...list('Kept in package.json', upgrade.kept.map(describeKept)),
    ...list('Changed by the release and still deleted here', stayDeleted),
    ...list(
      'Migrations of the release, numbered after yours',
      renumbered.map(({ from, to }) => `${from} is ${to}`),
    ),
    ...(upgrade.isLocked ? [] : ['', 'npm could not update package-lock.json: npm install does.']),
    ...list('Notes', others),
  ].join('\n')
}

/** What to run next, and how to undo it. */
export function nextSteps({ branch, before, conflicts }: Upgrade): string {
  const check = 'npm install && npm run format && npm run check'
  const drop = `git switch ${before.join(' ')} && git branch -D ${branch}`
  if (conflicts.length === 0) return `\nGo on:    ${check}, then merge the branch\nGive up:  ${drop}`
  return `
Go on:    resolve each file, git add it, git commit, then ${check}
Give up:  git merge --abort && ${drop}`
}

function describeConflict(conflict: Conflict, notes: UpgradeNote[], shown: Set<UpgradeNote>): string[] {
  const { path, kind, lines } = conflict
  const own = notes.filter((note) => concerns(note, path))
  for (const note of own) shown.add(note)
  return [
    `  ${path}: ${kind}${lines > 0 ? ` (${lines} lines)` : ''}`,
    ...own.map((note) => `    ${describeNote(note)}`),
  ]
}

const describeNote = ({ release, text }: UpgradeNote): string => `${release}: ${text}`

const describeKept = ({ path, ours, theirs }: Upgrade['kept'][number]): string =>
  `${path}: ${JSON.stringify(ours)}; the release has ${JSON.stringify(theirs)}`

const count = ({ length }: unknown[]): string => (length === 1 ? 'a conflict' : `${length} conflicts`)

const list = (title: string, items: string[]): string[] =>
  items.length === 0 ? [] : ['', `${title}:`, ...items.map((item) => `  ${item}`)]
