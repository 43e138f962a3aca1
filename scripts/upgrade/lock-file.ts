import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Trees } from './render.js'

const LOCK = 'package-lock.json'

/** The parts of package.json that decide what is installed. */
const DEPENDENCIES = [
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
  'overrides',
  'workspaces',
]

/**
 * Lets npm write the new render's lock file for the merged package.json, starting from the release's. The
 * product's stays where no dependency changes.
 *
 * @returns false when npm cannot, such as without a network: `npm install` is then due
 */
export function settleLockFile({ product, old, next }: Trees): boolean {
  if (!existsSync(join(product, LOCK))) {
    for (const tree of [old, next]) rmSync(join(tree, LOCK), { force: true })
    return true
  }
  copyFileSync(join(product, LOCK), join(old, LOCK))
  if (isDeepStrictEqual(dependenciesOf(product), dependenciesOf(next))) {
    copyFileSync(join(product, LOCK), join(next, LOCK))
    return true
  }
  rmSync(join(next, 'node_modules'), { recursive: true, force: true })
  const args = ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund']
  const { status } = spawnSync('npm', args, {
    cwd: next,
    stdio: 'ignore',
    shell: process.platform === 'win32',
  })
  if (status !== 0) writeFileSync(join(next, LOCK), readFileSync(join(product, LOCK)))
  return status === 0
}

function dependenciesOf(tree: string): unknown[] {
  const manifest = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8'))
  return DEPENDENCIES.map((part) => manifest[part])
}
