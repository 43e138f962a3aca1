// No library serves: remark would write whole documents anew, and here all other lines must stay as they are.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { OperatorError } from '../../src/lib/errors/operator-error.js'

const PAGES = ['README.md', 'AGENTS.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'bench/README.md']

/**
 * Takes out of the documents the sections and blocks that `cuts` name, and the items and rows that link
 * to files that are gone. A link within a paragraph keeps its text.
 * @throws {OperatorError} when a cut finds nothing
 */
export function takeOutOfDocuments(
  folder: string,
  cuts: readonly (readonly [path: string, words: string])[],
): void {
  for (const path of listDocuments(folder)) {
    const before = readFileSync(join(folder, path), 'utf8')
    let text = before
    for (const [document, words] of cuts) if (document === path) text = cut(path, text, words)
    text = withoutDeadLinks(folder, path, text)
    if (text !== before) writeFileSync(join(folder, path), text)
  }
}

export function listDocuments(folder: string): string[] {
  const docs = (readdirSync(join(folder, 'docs'), { recursive: true }) as string[]).filter((name) =>
    name.endsWith('.md'),
  )
  return [
    ...PAGES.filter((page) => existsSync(join(folder, page))),
    ...docs.map((name) => `docs/${name.replaceAll('\\', '/')}`),
  ]
}

function cut(path: string, text: string, words: string): string {
  const rest = /^#+ /.test(words)
    ? withoutSection(text, words)
    : withoutBlocks(text, (block) => block.includes(words))
  if (rest === text) throw new OperatorError(`${path} has no ${JSON.stringify(words)}`)
  return rest
}

/** A section reaches to the next heading of its level or above. */
function withoutSection(text: string, heading: string): string {
  const lines = text.split('\n')
  const start = lines.indexOf(heading)
  if (start === -1) return text
  const level = heading.indexOf(' ')
  const length = lines.slice(start + 1).findIndex((line) => /^#+ /.test(line) && line.indexOf(' ') <= level)
  const end = length === -1 ? lines.length : start + 1 + length
  const rest = [...lines.slice(0, start), ...lines.slice(end)].join('\n')
  return `${rest.trimEnd()}\n`
}

/** A block is a row of a table, an item of a list with its lines, or a paragraph. */
function withoutBlocks(text: string, isGone: (block: string) => boolean): string {
  return blocksOf(text)
    .filter((block) => !isGone(block))
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
}

function blocksOf(text: string): string[] {
  const blocks: string[] = []
  let isCode = false
  for (const line of text.split('\n')) {
    const last = blocks.at(-1)
    const continues =
      last !== undefined && last !== '' && line !== '' && !/^(\||\s*[-*] |\s*\d+\. |#)/.test(line)
    if (isCode || (continues && !last.startsWith('#') && !last.startsWith('|')))
      blocks[blocks.length - 1] = `${last}\n${line}`
    else blocks.push(line)
    if (/^\s*```/.test(line)) isCode = !isCode
  }
  return blocks
}

function withoutDeadLinks(folder: string, path: string, text: string): string {
  const isDead = (link: string) => {
    const [, target = ''] = /\]\(([^)#:]*)[^)]*\)/.exec(link) ?? []
    return target !== '' && !link.includes('://') && !existsSync(join(folder, posix.dirname(path), target))
  }
  const LINK = /\[[^\]]*\]\([^)]+\)/g
  const links = (block: string) => block.match(LINK) ?? []
  const kept = withoutBlocks(
    text,
    (block) => /^\s*([-*] |\|)/.test(block) && links(block).length === 1 && links(block).some(isDead),
  )
  return kept.replace(LINK, (link) => (isDead(link) ? (/\[([^\]]*)\]/.exec(link)?.[1] ?? '') : link))
}
