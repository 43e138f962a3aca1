import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

type Manifest = { name: string; version: string; description?: string; packages?: Record<string, Manifest> }

/** Removes packages from package.json and package-lock.json. npm reads both, and asks no registry. */
export function removePackages(folder: string, packages: readonly string[]): void {
  if (packages.length === 0) return
  const flags = [
    '--package-lock-only',
    '--ignore-scripts',
    '--offline',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]
  execFileSync('npm', ['uninstall', ...flags, ...packages], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/** Writes a field of package.json, and where package-lock.json repeats it. */
export function editManifests(folder: string, edit: (manifest: Manifest) => void): void {
  for (const file of ['package.json', 'package-lock.json']) {
    const path = join(folder, file)
    const manifest: Manifest = JSON.parse(readFileSync(path, 'utf8'))
    edit(manifest)
    const root = manifest.packages?.['']
    if (root) edit(root)
    writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`)
  }
}
