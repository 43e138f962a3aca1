import { realpathSync } from 'node:fs'
import { OperatorError } from '../../src/lib/errors/operator-error.js'
import { git, gitSucceeds } from './git.js'

/**
 * Checks that a merge can begin and be undone.
 *
 * @throws {OperatorError} when `root` is not the root of a repository, or has changes that are not committed
 */
export function requireReady(root: string): void {
  if (!gitSucceeds(root, ['rev-parse', '--verify', '--quiet', 'HEAD']))
    throw new OperatorError('a merge needs a commit: git init && git add --all && git commit')
  const top = git(root, ['rev-parse', '--show-toplevel'])
  if (realpathSync(top) !== realpathSync(root))
    throw new OperatorError(`this folder is a part of the repository ${top}, and git merges whole ones`)
  if (git(root, ['status', '--porcelain']) !== '')
    throw new OperatorError('there are changes that are not committed: commit or stash them first')
  // Commits need an author. Without one, git explains what to set.
  git(root, ['var', 'GIT_COMMITTER_IDENT'])
}

/** @throws {OperatorError} when the branch exists */
export function requireFreeBranch(root: string, branch: string): void {
  if (gitSucceeds(root, ['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`]))
    throw new OperatorError(
      `the branch ${branch} exists: merge it, or delete it with git branch -D ${branch}`,
    )
}
