import { OperatorError } from '../../src/lib/errors/operator-error.js'
import { git, gitSucceeds } from './git.js'

export interface Release {
  /** `1.1.0`, or the commit when the release was named by a branch or a commit. */
  name: string
  commit: string
}

/**
 * Copies the starter's repository into a folder.
 *
 * @param from a folder or an address that git understands
 */
export function fetchStarter(from: string, folder: string, into: string): void {
  // From a remote helper such as `ext::`, git would run a program.
  if (/^(-|\w+::)/.test(from)) throw new OperatorError(`${from} is no folder and no address of a repository`)
  git(folder, ['clone', '--quiet', '--bare', '--', from, into])
}

/**
 * Finds what `1.1.0`, `v1.1.0`, a branch or a commit stands for.
 *
 * @throws {OperatorError} when the repository has nothing of that name; the message lists the releases
 */
export function findRelease(repository: string, name: string): Release {
  const version = name.replace(/^v(?=\d)/, '')
  const commitOf = (revision: string) => {
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]
    return gitSucceeds(repository, args) ? git(repository, args) : undefined
  }
  const released = commitOf(`refs/tags/v${version}`)
  if (released !== undefined) return { name: version, commit: released }
  const commit = commitOf(`refs/heads/${name}`) ?? (/^[0-9a-f]{7,}$/.test(name) ? commitOf(name) : undefined)
  if (commit !== undefined) return { name: commit, commit }
  throw new OperatorError(`the starter has no release ${name}; it has ${listReleases(repository)}`)
}

function listReleases(repository: string): string {
  const tags = git(repository, ['tag', '--list', 'v[0-9]*', '--sort=version:refname']).split('\n')
  return tags.map((tag) => tag.slice(1)).join(', ') || 'none'
}

/** @throws {OperatorError} when `next` is not later than `old` */
export function refuseOlder(repository: string, old: Release, next: Release): void {
  if (old.commit === next.commit) throw new OperatorError(`the product has ${next.name} already`)
  const isContained = gitSucceeds(repository, ['merge-base', '--is-ancestor', next.commit, old.commit])
  if (!isContained && compareVersions(old.name, next.name) < 0) return
  throw new OperatorError(
    `${next.name} is older than ${old.name}, which the product has: to go back, revert the merge`,
  )
}

/** Commits have no order of their own, and count as equal. */
function compareVersions(one: string, other: string): number {
  const isVersion = (name: string) => /^\d+\.\d+\.\d+/.test(name)
  if (!isVersion(one) || !isVersion(other)) return -1
  return one.localeCompare(other, 'en', { numeric: true })
}
