import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { git } from './git.js'

const gitFolder = (repository: string) => git(repository, ['rev-parse', '--absolute-git-dir'])

/** Runs git on a folder outside the repository, with an index of its own: the checkout is not touched. */
function gitOn(repository: string, folder: string, args: string[]): string {
  const env = { GIT_INDEX_FILE: `${folder}.index` }
  return git(folder, [`--git-dir=${gitFolder(repository)}`, `--work-tree=${folder}`, ...args], { env })
}

/** Writes the files of a commit into a new folder. */
export function checkOut(repository: string, commit: string, folder: string): void {
  mkdirSync(folder, { recursive: true })
  gitOn(repository, folder, ['read-tree', commit])
  gitOn(repository, folder, ['checkout-index', '--all'])
}

/** Stores the files of a folder in the repository, and returns their tree. Leaves out installed packages. */
export function storeTree(repository: string, folder: string): string {
  rmSync(join(folder, 'node_modules'), { recursive: true, force: true })
  gitOn(repository, folder, ['add', '--all', '--force', '.'])
  return gitOn(repository, folder, ['write-tree'])
}

/** Stores a commit that no branch has yet. */
export function storeCommit(repository: string, tree: string, parents: string[], message: string): string {
  return git(repository, ['commit-tree', tree, '-m', message, ...parents.flatMap((parent) => ['-p', parent])])
}
