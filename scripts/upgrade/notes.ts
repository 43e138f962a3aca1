/** One point of a release's `### Upgrading` in CHANGELOG.md. */
export interface UpgradeNote {
  release: string
  /** Files, and folders with all that is below them. Empty: the note concerns every product. */
  paths: string[]
  text: string
}

/**
 * Reads the notes of the releases after `old`, newest first.
 *
 * @param changelog as docs/releasing.md describes it
 * @param old a release such as `1.0.0`, whose section and all below are skipped
 */
export function notesAfter(changelog: string, old: string): UpgradeNote[] {
  const sections = changelog.split(/^## /m).slice(1)
  const end = sections.findIndex((section) => section.startsWith(`[${old}]`))
  return sections.slice(0, end === -1 ? sections.length : end).flatMap(notesOf)
}

function notesOf(section: string): UpgradeNote[] {
  const release = /^\[([^\]]+)\]/.exec(section)?.[1] ?? ''
  const upgrading = /^### Upgrading\n(.*?)(?=^###? |(?![\s\S]))/ms.exec(section)?.[1] ?? ''
  const points = upgrading.split(/^- /m).slice(1)
  return points.map((point) => ({ release, ...parsePoint(point.replace(/\s+/g, ' ').trim()) }))
}

/** `src/app.ts`, `src/plugins/auth`: what to do. */
const POINT = /^((?:`[^`]+`(?:, )?)+): (.+)$/

function parsePoint(point: string): Pick<UpgradeNote, 'paths' | 'text'> {
  const [, paths = '', text = point] = POINT.exec(point) ?? []
  return { paths: [...paths.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path), text }
}

/** Whether a note is about a file. */
export const concerns = ({ paths }: UpgradeNote, file: string): boolean =>
  paths.some((path) => file === path || file.startsWith(`${path}/`))
