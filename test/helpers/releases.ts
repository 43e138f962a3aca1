import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Test } from 'tap'
import { PACKAGE_ROOT } from './process.js'
import { createRepository, type Repository } from './starter.js'

const git = (...args: string[]) => spawnSync('git', ['-C', PACKAGE_ROOT, ...args], { encoding: 'utf8' })

/**
 * A repository of the starter with two releases. They are the newest tag and the present state of this
 * checkout. Without a tag, or at one, they are the present state and a release made up of it.
 */
export function createReleases(t: Test): { starter: Repository; last: string; next: string } {
  const starter = createRepository(t, 'starter')
  starter.usePackages()
  const tag = git('describe', '--tags', '--abbrev=0', '--match', 'v[0-9]*').stdout?.trim()
  if (tag && git('diff', '--quiet', tag).status !== 0) {
    git('archive', '--output', join(starter.folder, 'release.tar'), tag)
    spawnSync('tar', ['-xf', 'release.tar'], { cwd: starter.folder })
    starter.commit({ 'release.tar': null }, tag)
    starter.git('tag', tag)
    for (const name of readdirSync(starter.folder).filter((name) => !/^(\.git|node_modules)$/.test(name)))
      rmSync(join(starter.folder, name), { recursive: true })
    copyPresent(starter.folder)
    starter.commit({}, 'The present state')
    return { starter, last: tag.slice(1), next: 'main' }
  }
  copyPresent(starter.folder)
  starter.commit({}, 'The present state')
  const { version: last } = JSON.parse(starter.read('package.json'))
  starter.git('tag', `v${last}`)
  makeRelease(starter, last, NEXT)
  return { starter, last, next: NEXT }
}

/** Copies what git would commit of this checkout, which need not have a repository. */
function copyPresent(folder: string): void {
  const ignored = readFileSync(join(PACKAGE_ROOT, '.gitignore'), 'utf8').split('\n')
  const leftOut = ['.git', ...ignored].map((line) => line.replace(/\/$/, '')).filter(Boolean)
  const filter = (path: string) =>
    !leftOut.includes(relative(PACKAGE_ROOT, path)) && !/\.log$/.test(path) && path !== ''
  cpSync(PACKAGE_ROOT, folder, { recursive: true, filter })
}

const NEXT = '99.0.0'

const CODEMOD = `import type { Project } from 'ts-morph'

/** \`keysetPage\` is \`pageByKeys\`. */
export default function codemod(project: Project): void {
  project.getSourceFile('src/db/queries/page.ts')?.getFunction('keysetPage')?.rename('pageByKeys')
}
`

const TABLE = `import { pgTable, text } from 'drizzle-orm/pg-core'
import { notAudited } from '../declarations/audited.js'
import { id } from './columns.js'

/** What a release adds. */
export const flags = pgTable('flags', { id: id(), name: text('name').notNull() })

notAudited(flags, 'Nothing writes to it.')
`

/** Changes what products call, the database, a feature, and a text. */
function makeRelease(starter: Repository, last: string, version: string): void {
  starter.write({ [`upgrades/${version}.ts`]: CODEMOD, 'src/db/schema/flags.ts': TABLE })
  const runs = (...[program = '', ...args]: string[]) => {
    const { status, stderr } = spawnSync(program, args, { cwd: starter.folder, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
  }
  runs('npm', 'run', 'db:generate', '--', '--name', 'add_flags')
  const codemods = join(PACKAGE_ROOT, 'scripts/upgrade/run-codemods.ts')
  runs('node', '--import', 'tsx', codemods, join(starter.folder, `upgrades/${version}.ts`))
  const edit = (path: string, from: string, to: string) => {
    const text = starter.read(path)
    if (!text.includes(from)) throw new Error(`${path} has no ${from}`)
    starter.write({ [path]: text.replace(from, to) })
  }
  edit('package.json', `"version": "${last}"`, `"version": "${version}"`)
  edit('CHANGELOG.md', `## [${last}]`, `## [${version}] - 2099-01-01\n\n## [${last}]`)
  edit('src/tracing/index.ts', '\n', '\n// Of the release.\n')
  starter.commit({}, version)
  starter.git('tag', `v${version}`)
}
