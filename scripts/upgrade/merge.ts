import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from '../../src/lib/errors/operator-error.js'
import { git, gitSucceeds } from './git.js'
import { correctLockFile } from './lock-file.js'

/** A file that git could not merge, and how many lines of it are in conflict. */
export interface Conflict {
  path: string
  kind: 'both changed it' | 'both added it' | 'the release deletes it, the product changed it'
  /** Lines between conflict marks, of both sides. Zero for a file that git does not merge by lines. */
  lines: number
}

export interface MergeResult {
  branch: string
  /** Arguments of `git switch` that lead back to what was checked out. */
  before: string[]
  conflicts: Conflict[]
  /** False when npm could not correct package-lock.json. */
  isLocked: boolean
  /** Files that the product had deleted and the release changed: they stay deleted. */
  stayDeleted: string[]
}

export interface Sides {
  branch: string
  /** The commit with the product and the old render, where the branch starts. */
  start: string
  /** The new render. */
  next: string
}

/**
 * Merges on a new branch. Without conflicts the merge is committed; otherwise it is left as `git merge`
 * leaves it.
 *
 * @throws {OperatorError} when git cannot merge at all, with the checkout as it was
 */
export function mergeOnBranch(root: string, { branch, start, next }: Sides, message: string): MergeResult {
  refuseOverwriting(root, next)
  const before = currentBranch(root)
  git(root, ['switch', '--quiet', '--create', branch, start])
  try {
    const merge = ['merge', '--quiet', '--no-ff', '--no-commit', '-m', message, next]
    // The exit code is 1 for conflicts and for failures: those leave no file in conflict.
    const hasMerged = gitSucceeds(root, merge)
    const unmerged = listUnmerged(root)
    if (!hasMerged && unmerged.length === 0) git(root, merge)
    const result = { ...settleDeleted(root, unmerged), isLocked: correctLockFile(root) }
    if (result.conflicts.length === 0) git(root, ['commit', '--quiet', '--no-edit'])
    return { branch, before, ...result }
  } catch (error) {
    gitSucceeds(root, ['merge', '--abort'])
    git(root, ['switch', '--quiet', ...before])
    git(root, ['branch', '--quiet', '-D', branch])
    throw error
  }
}

/** `git merge` overwrites files that it ignores. */
function refuseOverwriting(root: string, next: string): void {
  const added = git(root, [
    'diff',
    '--name-only',
    '--no-renames',
    '--diff-filter=A',
    '-z',
    'HEAD',
    next,
  ]).split('\0')
  const file = added.find((path) => path !== '' && existsSync(join(root, path)))
  if (file !== undefined) throw new OperatorError(`${file} is in the way of the release's: move it first`)
}

/** Arguments of `git switch` that lead back. */
function currentBranch(root: string): string[] {
  const branch = git(root, ['branch', '--show-current'])
  return branch === '' ? ['--detach', git(root, ['rev-parse', 'HEAD'])] : [branch]
}

type Unmerged = { code: string; path: string }

const listUnmerged = (root: string): Unmerged[] =>
  git(root, ['status', '--porcelain=v1', '-z', '--untracked-files=no', '--no-renames'])
    .split('\0')
    .filter((entry) => /^(DD|AU|UD|UA|DU|AA|UU) /.test(entry))
    .map((entry) => ({ code: entry.slice(0, 2), path: entry.slice(3) }))

const KINDS: Record<string, Conflict['kind']> = {
  UD: 'the release deletes it, the product changed it',
  AA: 'both added it',
}

function settleDeleted(root: string, unmerged: Unmerged[]): Pick<MergeResult, 'conflicts' | 'stayDeleted'> {
  const stayDeleted = unmerged.filter(({ code }) => code === 'DU').map(({ path }) => path)
  if (stayDeleted.length > 0) git(root, ['rm', '--quiet', '--', ...stayDeleted])
  const conflicts = unmerged
    .filter(({ code }) => code !== 'DU')
    .map(({ code, path }): Conflict => {
      return { path, kind: KINDS[code] ?? 'both changed it', lines: countLines(root, path) }
    })
  return { conflicts, stayDeleted }
}

/** `git diff` of a file in conflict has two columns of marks; its hunks hold the conflict marks. */
function countLines(root: string, path: string): number {
  let side = false
  let lines = 0
  for (const line of git(root, ['diff', '--no-color', '--', path]).split('\n')) {
    if (/^..>{7} /.test(line)) side = false
    else if (/^..<{7} /.test(line)) side = true
    else if (side && !/^..={7}$/.test(line)) lines += 1
  }
  return lines
}
