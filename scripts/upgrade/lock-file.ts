import { spawnSync } from 'node:child_process'
import { git, gitSucceeds } from './git.js'

const LOCK_FILE = 'package-lock.json'

/**
 * Lets npm correct the merged lock file, which has the entries of both sides, if the merge has changed it.
 *
 * @returns false when npm cannot, such as without a network: `npm install` is then due
 */
export function correctLockFile(root: string): boolean {
  if (gitSucceeds(root, ['diff', '--quiet', 'HEAD', '--', LOCK_FILE])) return true
  const args = ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund']
  const { status } = spawnSync('npm', args, {
    cwd: root,
    stdio: 'ignore',
    shell: process.platform === 'win32',
  })
  git(root, ['add', '--', LOCK_FILE])
  return status === 0
}
