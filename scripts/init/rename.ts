import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Choices, slugOf, titleOf } from './choices.js'
import { editManifests } from './packages.js'

/** Where the starter's name stands for the product. Other documents name the starter, or nothing. */
const RENAMED = [
  'AGENTS.md',
  'README.md',
  'CHANGELOG.md',
  'compose.yaml',
  'config/config.sample.yml',
  'docs/deployment.md',
  'docs/operations.md',
  'docs/operations',
  'docs/settings.md',
  'docs/tracing.md',
]

/** The first release of a product that was just made. */
const FIRST_VERSION = '0.1.0'

/** Gives the tree the product's name. */
export function rename(folder: string, choices: Choices): void {
  const starter = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name as string
  const [name, title] = [slugOf(choices.name), titleOf(choices.name)]
  writeProduct(folder, choices)
  emptyChangelog(folder)
  editManifests(folder, (manifest) => {
    manifest.name = name
    manifest.version = FIRST_VERSION
    if (manifest.description !== undefined) manifest.description = choices.description
  })
  for (const file of RENAMED.flatMap((path) => filesAt(folder, path))) {
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replaceAll(titleOf(starter), title).replaceAll(starter, name))
  }
}

/** The product's own changes begin with it. */
function emptyChangelog(folder: string): void {
  const file = join(folder, 'CHANGELOG.md')
  const text = readFileSync(file, 'utf8')
  const heading = '## [Unreleased]'
  writeFileSync(file, `${text.slice(0, text.indexOf(heading))}${heading}\n`)
}

function filesAt(folder: string, path: string): string[] {
  const file = join(folder, path)
  if (!existsSync(file)) return []
  if (/\.\w+$/.test(path)) return [file]
  return readdirSync(file).map((name) => join(file, name))
}

function writeProduct(folder: string, { name, emailDomain }: Choices): void {
  const path = join(folder, 'src/lib/product.ts')
  const product = { title: titleOf(name), name: slugOf(name), emailDomain }
  const text = readFileSync(path, 'utf8')
  const start = text.indexOf('export const PRODUCT')
  writeFileSync(path, `${text.slice(0, start)}export const PRODUCT: Product = ${JSON.stringify(product)}\n`)
}
