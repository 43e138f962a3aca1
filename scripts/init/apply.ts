import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { OperatorError } from '../../src/lib/errors/operator-error.js'
import { type Choices, checkChoices, RECORD_FILE, type StarterRecord } from './choices.js'
import { takeOutCode } from './code.js'
import { takeOutOfDocuments } from './documents.js'
import type { Feature } from './features/feature.js'
import { completed, features } from './features/index.js'
import { takeOutOfHistory } from './migrations.js'
import { removePackages } from './packages.js'
import { rename } from './rename.js'
import { takeOutSettings } from './settings.js'

/** What only the starter itself needs. */
const OF_THE_STARTER: Feature = {
  title: 'What makes a product',
  owns: [
    'test/init',
    'test/processes/init-products.test.ts',
    'test/releases.test.ts',
    'test/scale/upgrade.test.ts',
    'test/helpers/releases.ts',
    'docs/making-it-yours.md',
    'docs/releasing.md',
  ],
  docs: {
    'README.md': ['npm run init'],
    'AGENTS.md': ['releasing.md'],
    'CONTRIBUTING.md': ['releasing.md'],
  },
}

/**
 * Makes the starter in `folder` a product: its name, and without the features that were left out. Asks
 * nothing, and needs neither git nor installed packages there. When it throws, the folder is half
 * changed: call it on a copy.
 * @throws {OperatorError} for choices that are not valid
 */
export function applyInit(folder: string, choices: Choices): StarterRecord {
  checkChoices(choices)
  const without = completed(choices.without)
  const { version: starter } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    version: string
  }
  leaveOut(folder, [OF_THE_STARTER, ...without.flatMap((name) => features[name] ?? [])])
  rename(folder, choices)
  const record: StarterRecord = { starter, ...choices, without }
  writeFileSync(join(folder, RECORD_FILE), `${JSON.stringify(record, null, 2)}\n`)
  format(folder)
  return record
}

function leaveOut(folder: string, gone: readonly Feature[]): void {
  for (const { replacements = {} } of gone)
    for (const [path, pairs] of Object.entries(replacements)) replace(folder, path, pairs)
  const files = gone.flatMap(({ owns }) => owns.flatMap((path) => removeAt(folder, path)))
  takeOutCode(folder, new Set(files), mergedCuts(gone))
  takeOutSettings(
    folder,
    gone.flatMap(({ settings = [] }) => settings),
  )
  takeOutOfHistory(
    folder,
    gone.flatMap(({ database = [] }) => database),
  )
  takeOutOfDocuments(
    folder,
    gone.flatMap(({ docs = {} }) =>
      Object.entries(docs).flatMap(([path, all]) => all.map((words) => [path, words] as const)),
    ),
  )
  removePackages(
    folder,
    gone.flatMap(({ packages = [] }) => packages),
  )
}

function replace(folder: string, path: string, pairs: readonly (readonly [string, string])[]): void {
  const file = join(folder, path)
  let text = readFileSync(file, 'utf8')
  for (const [from, to] of pairs) {
    if (!text.includes(from)) throw new OperatorError(`${path} has no ${JSON.stringify(from)}`)
    text = text.replaceAll(from, () => to)
  }
  writeFileSync(file, text)
}

/** Returns the files that it removes. */
function removeAt(folder: string, path: string): string[] {
  const full = join(folder, path)
  if (!existsSync(full)) throw new OperatorError(`there is no ${path}`)
  const files = statSync(full).isDirectory()
    ? (readdirSync(full, { recursive: true }) as string[]).map(
        (name) => `${path}/${name.replaceAll('\\', '/')}`,
      )
    : [path]
  rmSync(full, { recursive: true })
  return files
}

function mergedCuts(gone: readonly Feature[]): Record<string, string[]> {
  const cuts: Record<string, string[]> = {}
  for (const feature of gone)
    for (const [path, beginnings] of Object.entries(feature.cuts ?? {}))
      cuts[path] = [...(cuts[path] ?? []), ...beginnings]
  return cuts
}

function format(folder: string): void {
  const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome')
  execFileSync(process.execPath, [biome, 'check', '--write', '--log-level=error', '.'], {
    cwd: folder,
    stdio: 'pipe',
  })
}
