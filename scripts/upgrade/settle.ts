import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type JsonConflict, mergeJson } from './merge-json.js'
import { type TakenMigration, takeMigrations } from './migrations.js'
import { RECORD, type RecordedRelease, withRelease } from './record.js'
import type { Trees } from './render.js'

/** What git would merge line by line, and a program merges better. */
export interface Settled {
  migrations: TakenMigration[]
  /** Where product and release have different values in package.json: the product's stay. */
  kept: JsonConflict[]
}

/**
 * Decides some files before git merges: the old render gets the product's text and the new one the result, so
 * that git only sees the change.
 */
export function settle(trees: Trees, release: RecordedRelease): Settled {
  const migrations = takeMigrations(trees)
  settleFile(trees, 'CHANGELOG.md', ({ product }) => product)
  settleFile(trees, 'README.md', ({ product, old, next }) => (product === old ? next : product))
  settleFile(trees, 'src/db/schema/index.ts', mergeLists)
  const kept: JsonConflict[] = []
  settleFile(trees, 'package.json', (texts) => {
    const { text, conflicts } = mergeManifests(texts)
    kept.push(...conflicts)
    return text
  })
  // npm corrects it after the merge.
  settleFile(trees, 'package-lock.json', (texts) => mergeManifests(texts).text)
  settleFile(trees, RECORD, ({ product }) => withRelease(product, release))
  return { migrations, kept }
}

type Texts = { product: string; old: string; next: string }

function settleFile(trees: Trees, path: string, merge: (texts: Texts) => string): void {
  const read = (tree: string) => (existsSync(join(tree, path)) ? readFileSync(join(tree, path), 'utf8') : '')
  const texts = { product: read(trees.product), old: read(trees.old), next: read(trees.next) }
  if (!existsSync(join(trees.product, path))) {
    for (const tree of [trees.old, trees.next]) rmSync(join(tree, path), { force: true })
    return
  }
  const merged = merge(texts)
  copyFileSync(join(trees.product, path), join(trees.old, path))
  writeFileSync(join(trees.next, path), merged)
}

/** For a list of imports or exports that a program writes: its lines are sorted below a comment. */
function mergeLists({ product, old, next }: Texts): string {
  const linesOf = (text: string) => text.split('\n').filter((line) => line.startsWith('export '))
  const [before, after] = [linesOf(old), linesOf(next)]
  const kept = linesOf(product).filter((line) => !before.includes(line) || after.includes(line))
  const added = after.filter((line) => !before.includes(line) && !kept.includes(line))
  const head = product.slice(0, product.search(/^export /m))
  return `${head}${[...kept, ...added].sort().join('\n')}\n`
}

/** The product's own: no release changes them. */
const OWN_FIELDS = ['name', 'version', 'description', 'license', 'author', 'repository', 'homepage', 'bugs']

type Manifest = Record<string, unknown> & { packages?: Record<string, Record<string, unknown>> }

/** Merges package.json or package-lock.json. */
function mergeManifests(texts: Texts) {
  const [base, ours, theirs] = [texts.old, texts.product, texts.next].map(
    (text): Manifest => JSON.parse(text || '{}'),
  ) as [Manifest, Manifest, Manifest]
  for (const side of [base, theirs]) {
    keepOwnFields(ours, side)
    keepOwnFields(ours.packages?.[''] ?? {}, side.packages?.[''] ?? {})
  }
  const { value, conflicts } = mergeJson(base, ours, theirs)
  // Without a change, the text stays as it is formatted.
  const text = isDeepStrictEqual(value, ours) ? texts.product : `${JSON.stringify(value, null, 2)}\n`
  return { text, conflicts }
}

function keepOwnFields(ours: Record<string, unknown>, side: Record<string, unknown>): void {
  for (const field of OWN_FIELDS) {
    if (ours[field] === undefined) delete side[field]
    else side[field] = ours[field]
  }
}
