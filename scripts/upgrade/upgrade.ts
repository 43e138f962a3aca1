import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OperatorError } from '../../src/lib/errors/operator-error.js'
import { extractCodemods } from './codemods.js'
import { git } from './git.js'
import { type MergeResult, mergeOnBranch } from './merge.js'
import { notesAfter, type UpgradeNote } from './notes.js'
import { requireFreeBranch, requireReady } from './ready.js'
import { choicesOf, readRecord } from './record.js'
import { fetchStarter, findRelease, type Release, refuseOlder } from './releases.js'
import { renderRelease, runAll, runCodemods, type Trees } from './render.js'
import { type Settled, settle } from './settle.js'
import { checkOut, storeCommit, storeTree } from './trees.js'

export interface UpgradeOptions {
  /** The root of the product's repository. */
  root: string
  /** A version such as `1.1.0`, a branch or a commit of the starter. */
  release: string
  /** The starter's repository. Default: the one that starter.json names. */
  from?: string | undefined
  /** Installed packages. Default: `node_modules` of the product. */
  packages?: string
}

export interface Upgrade extends MergeResult, Settled {
  release: string
  notes: UpgradeNote[]
}

/**
 * Merges a later release of the starter into the product, on a new branch `upgrade/<release>`.
 *
 * The histories of starter and product share nothing, so the merge gets a base of its own: the old release as
 * its `init` makes this product of it. The new release, made likewise, is that commit's child.
 *
 * @throws {OperatorError} when it cannot begin or git cannot merge; the product is then as it was
 */
export async function upgrade(options: UpgradeOptions): Promise<Upgrade> {
  const { root, release, from, packages = join(root, 'node_modules') } = options
  requireReady(root)
  const record = readRecord(root)
  const source = from ?? record.repository
  if (source === undefined)
    throw new OperatorError("--from is missing: the address or the folder of the starter's repository")
  const folder = mkdtempSync(join(tmpdir(), 'upgrade-'))
  try {
    const starter = join(folder, 'starter.git')
    fetchStarter(source, root, starter)
    const releases = { old: findRelease(starter, record.starter), next: findRelease(starter, release) }
    refuseOlder(starter, releases.old, releases.next)
    requireFreeBranch(root, branchOf(releases.next))
    symlinkSync(packages, join(folder, 'node_modules'), 'junction')
    return await mergeRelease({ root, source, starter, ...releases }, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const branchOf = ({ name }: Release): string => `upgrade/${name}`

interface Task {
  root: string
  source: string
  /** A bare copy of the starter's repository. */
  starter: string
  old: Release
  next: Release
}

async function mergeRelease(task: Task, folder: string): Promise<Upgrade> {
  const { root, source, starter, next } = task
  const trees = await renderTrees(task, folder)
  const codemods = extractCodemods(starter, task, join(folder, 'codemods'))
  await runAll([trees.product, trees.old].map((tree) => runCodemods(codemods, tree)))
  const settled = settle(trees, { starter: next.name, ...addressOf(source) })
  const sides = { ...storeSides(task, trees, codemods.length > 0), branch: branchOf(next) }
  const merged = mergeOnBranch(root, sides, `Upgrade the starter to ${next.name}`)
  return { ...merged, ...settled, release: next.name, notes: readNotes(task) }
}

/** A folder is not recorded: it exists on one machine. */
const addressOf = (source: string): { repository?: string } =>
  /^[\w.+-]+:\/\/|^[\w.-]+@[\w.-]+:/.test(source) ? { repository: source } : {}

async function renderTrees({ root, starter, old, next }: Task, folder: string): Promise<Trees> {
  const trees = { product: join(folder, 'product'), old: join(folder, 'old'), next: join(folder, 'next') }
  const choices = choicesOf(readRecord(root))
  checkOut(root, 'HEAD', trees.product)
  await runAll([
    renderRelease(starter, old.commit, choices, trees.old),
    renderRelease(starter, next.commit, choices, trees.next),
  ])
  return trees
}

/** The commit that joins the product and the old render gives git the base of the merge. */
function storeSides({ root, old, next }: Task, trees: Trees, isChanged: boolean) {
  const commit = (tree: string, parents: string[], message: string) =>
    storeCommit(root, tree, parents, message)
  const base = commit(storeTree(root, trees.old), [], `Release ${old.name} of the starter`)
  const child = commit(storeTree(root, trees.next), [base], `Release ${next.name} of the starter`)
  const head = git(root, ['rev-parse', 'HEAD'])
  // Untouched, the committed tree stays: storing it again would normalize line ends.
  const product = isChanged ? storeTree(root, trees.product) : git(root, ['rev-parse', 'HEAD^{tree}'])
  return { start: commit(product, [head, base], `Prepare for ${next.name} of the starter`), next: child }
}

function readNotes({ starter, old, next }: Task): UpgradeNote[] {
  const { version } = JSON.parse(git(starter, ['show', `${old.commit}:package.json`])) as { version: string }
  return notesAfter(git(starter, ['show', `${next.commit}:CHANGELOG.md`]), version)
}
