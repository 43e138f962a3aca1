import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { bundled } from './bundle.js'
import { PACKAGE_ROOT, run } from './process.js'

/** By path; null deletes the file. */
export type Files = Record<string, string | Buffer | null>

const IDENTITY = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  ...{ GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.com' },
  ...{ GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.com' },
}

/** The environment of git in tests: no settings of this machine. */
export const gitEnv = { ...IDENTITY, PATH: process.env.PATH, HOME: '/nonexistent' }

export type Repository = ReturnType<typeof createRepository>

/** A new git repository in a folder that is removed when the test ends. */
export function createRepository(t: Test, name = 'repository') {
  const base = mkdtempSync(join(tmpdir(), 'upgrade-test-'))
  t.teardown(() => rmSync(base, { recursive: true, force: true }))
  const folder = join(base, name)
  mkdirSync(folder)
  const git = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync('git', args, { cwd: folder, env: gitEnv, encoding: 'utf8' })
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stdout}${stderr}`)
    return stdout.trimEnd()
  }
  git('init', '--quiet', '--initial-branch', 'main')
  const write = (files: Files) => {
    for (const [path, content] of Object.entries(files)) {
      const file = join(folder, path)
      mkdirSync(dirname(file), { recursive: true })
      if (content === null) rmSync(file)
      else writeFileSync(file, content)
    }
  }
  return {
    folder,
    git,
    write,
    read: (path: string) => readFileSync(join(folder, path), 'utf8'),
    commit: (files: Files, message = 'Change files') => {
      write(files)
      git('add', '--all')
      git('commit', '--quiet', '--allow-empty', '--message', message)
    },
    /** What an upgrade that fails must leave as it was. */
    state: () => [git('status', '--porcelain', '--branch'), git('branch'), git('rev-parse', 'HEAD')],
    /** Links the installed packages, and hides the link from git. */
    usePackages: () => {
      symlinkSync(join(PACKAGE_ROOT, 'node_modules'), join(folder, 'node_modules'))
      writeFileSync(join(folder, '.git/info/exclude'), 'node_modules\n')
    },
  }
}

/**
 * A minimal `init`: writes the product's name in place of the starter's, and leaves out each feature,
 * a folder of that name.
 */
export const SMALL_INIT = `
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export function applyInit(folder: string, { name, without }: { name: string; without: string[] }) {
  for (const feature of without) rmSync(join(folder, 'src', feature), { recursive: true })
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/^(src|package).*\\.(ts|json)$/.test(path)) continue
    writeFileSync(join(folder, path), readFileSync(join(folder, path), 'utf8').replaceAll('basis', name))
  }
}
`

const LINES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight']

/** A file with a line for each value, so far apart that changes of different lines merge. */
export const lines = (changes: Record<string, string> = {}): string =>
  LINES.map((line) => `export const ${line} = '${changes[line] ?? line}'\n\n\n`).join('')

export const snapshot = (id: string, prevId: string, tables: string[]): string => {
  const entries = tables.map((name) => [name, { columns: { id: { name: 'id', type: 'uuid' } } }])
  return `${JSON.stringify({ id, prevId, tables: Object.fromEntries(entries), enums: {} }, null, 2)}\n`
}

/** A migration that creates a table. */
export const migration = (number: string, table: string): Files => ({
  [`drizzle/${number}_${table}.sql`]: `CREATE TABLE ${table} ();\n`,
  [`drizzle/${number}_${table}.down.sql`]: `DROP TABLE ${table};\n`,
})

/** A starter with one release, 1.0.0, and a product that was made of it without the feature `extra`. */
export function createStarterAndProduct(t: Test) {
  const starter = createRepository(t, 'starter')
  const release = (version: string, files: Files) => {
    starter.commit(
      { ...files, 'package.json': manifest(version, files['package.json']) },
      `Release ${version}`,
    )
    starter.git('tag', `v${version}`)
  }
  release('1.0.0', {
    '.gitignore': 'node_modules\n',
    'CHANGELOG.md': '# Changelog\n\n## [1.0.0] - 2026-01-01\n',
    'README.md': '# basis\n',
    'tsconfig.json': '{ "include": ["src"] }',
    'scripts/init/apply.ts': SMALL_INIT,
    'src/app.ts': `${lines()}export const name = 'basis'\n`,
    'src/extra/index.ts': lines(),
    'src/mail.ts': lines(),
    'src/old.ts': lines(),
    'src/logo.bin': Buffer.from([0, 1, 2]),
    'src/db/schema/index.ts': "/** The tables. */\nexport * from './users.js'\n",
    ...migration('0001', 'users'),
    'drizzle/meta/0001_snapshot.json': snapshot('s1', 's0', ['users']),
  })
  const product = createRepository(t, 'product')
  product.usePackages()
  const made = spawnSync('git', ['archive', 'v1.0.0', '-o', join(product.folder, 'made.tar')], {
    cwd: starter.folder,
  })
  spawnSync('tar', ['-xf', 'made.tar'], { cwd: product.folder })
  if (made.status !== 0) throw new Error('git archive failed')
  product.commit({
    'made.tar': null,
    'src/extra/index.ts': null,
    'src/app.ts': product.read('src/app.ts').replace('basis', 'acme'),
    'package.json': product.read('package.json').replace('basis', 'acme'),
    'starter.json': '{ "starter": "1.0.0", "name": "acme", "without": ["extra"] }\n',
  })
  return { starter, release, product }
}

function manifest(version: string, more: Files[string] | undefined): string {
  const fields = JSON.parse(String(more ?? '{}'))
  return `${JSON.stringify({ name: 'basis', version, type: 'module', ...fields }, null, 2)}\n`
}

const COMMAND = await bundled('scripts/upgrade.ts')

/** Runs the command in a product. */
export const upgrade = (t: Test, product: Repository, ...args: string[]) =>
  run(t, [...COMMAND, ...args], { cwd: product.folder, env: gitEnv })
