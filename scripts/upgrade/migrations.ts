import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mergeJson } from './merge-json.js'
import type { Trees } from './render.js'

const FOLDER = 'drizzle'
const UP_FILE = /^(\d{4})_(\w+)\.sql$/

/** A migration of the release, and the name that it gets in the product. */
export type TakenMigration = { from: string; to: string }

/**
 * Gives both renders the product's migrations, and the new one also those that the release adds, numbered
 * after the product's: an applied migration keeps its name, and git finds nothing to merge. Each snapshot
 * of an added one gets the product's tables.
 *
 * @returns the added migrations
 */
export function takeMigrations({ product, old, next }: Trees): TakenMigration[] {
  const added = addedNames(namesIn(old), namesIn(next))
  const base = newestSnapshot(old)
  const ours = newestSnapshot(product)
  const last = Number(namesIn(product).at(-1)?.slice(0, 4) ?? 0)
  let prevId = ours.id
  const files = added.map((from, index) => {
    const to = `${numbered(last + index + 1)}${from.slice(4)}`
    const theirs = readSnapshot(next, from)
    const { value } = mergeJson(base, ours, theirs)
    const snapshot = { ...value, id: theirs.id, prevId }
    prevId = theirs.id
    const scripts = ['sql', 'down.sql'].map((end) => [`${to}.${end}`, read(next, `${from}.${end}`)] as const)
    return { from, to, scripts, snapshot }
  })
  for (const tree of [old, next]) replaceFolder(product, tree)
  for (const { to, scripts, snapshot } of files) {
    for (const [name, script] of scripts) if (script !== undefined) write(next, name, script)
    write(next, snapshotFile(to), `${JSON.stringify(snapshot, null, 2)}\n`)
  }
  return files.map(({ from, to }) => ({ from, to }))
}

/** A number means nothing: without a feature, later migrations have lower ones. */
function addedNames(old: string[], next: string[]): string[] {
  const before = old.map((name) => name.slice(5))
  return next.filter((name) => {
    const index = before.indexOf(name.slice(5))
    if (index !== -1) before.splice(index, 1)
    return index === -1
  })
}

type Snapshot = { id: string; prevId: string }

const numbered = (number: number): string => String(number).padStart(4, '0')
const snapshotFile = (name: string): string => `meta/${name.slice(0, 4)}_snapshot.json`

const namesIn = (tree: string): string[] =>
  (existsSync(join(tree, FOLDER)) ? readdirSync(join(tree, FOLDER)) : [])
    .filter((file) => UP_FILE.test(file))
    .map((file) => file.replace('.sql', ''))
    .sort()

const newestSnapshot = (tree: string): Snapshot => readSnapshot(tree, namesIn(tree).at(-1) ?? '0000')

function readSnapshot(tree: string, name: string): Snapshot {
  const text = read(tree, snapshotFile(name))
  return text === undefined ? { id: '00000000-0000-0000-0000-000000000000', prevId: '' } : JSON.parse(text)
}

function read(tree: string, file: string): string | undefined {
  const path = join(tree, FOLDER, file)
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

function write(tree: string, file: string, text: string): void {
  writeFileSync(join(tree, FOLDER, file), text)
}

function replaceFolder(from: string, to: string): void {
  rmSync(join(to, FOLDER), { recursive: true, force: true })
  if (existsSync(join(from, FOLDER))) cpSync(join(from, FOLDER), join(to, FOLDER), { recursive: true })
}
