import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { git } from './git.js'
import type { Release } from './releases.js'

/** The starter's folder for them. */
export const CODEMODS = 'upgrades'

/**
 * Writes the codemods that came with the releases after `old` into a folder, and returns their paths, oldest
 * first.
 */
export function extractCodemods(
  starter: string,
  { old, next }: { old: Release; next: Release },
  folder: string,
): string[] {
  const listFiles = ({ commit }: Release) =>
    git(starter, ['ls-tree', '--name-only', commit, `${CODEMODS}/`])
      .split('\n')
      .filter((path) => path.endsWith('.ts'))
  const before = listFiles(old)
  const paths = listFiles(next).filter((path) => !before.includes(path))
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  return paths
    .sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
    .map((path) => {
      const file = join(folder, basename(path))
      writeFileSync(file, git(starter, ['show', `${next.commit}:${path}`]))
      return file
    })
}
