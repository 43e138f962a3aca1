import { run } from '../helpers/process.js'
import {
  createStarterAndProduct,
  gitEnv,
  lines,
  migration,
  type Repository,
  snapshot,
  upgrade,
} from '../helpers/starter.js'
import t, { type Test } from '../tap.js'

/** Runs what the command has printed after these words. */
const follow = (t: Test, product: Repository, stdout: string, words: string) => {
  const [, script = ''] = new RegExp(`^${words} +(.*)$`, 'm').exec(stdout) ?? []
  return run(t, ['sh', '-ec', script], { cwd: product.folder, env: gitEnv })
}

t.test('merges a release into a product that has gone its own way', async (t) => {
  const { starter, release, product } = createStarterAndProduct(t)
  release('1.1.0', {
    'package.json': '{ "scripts": { "new": "tsx new.ts" } }',
    'README.md': '# basis is better now\n',
    'src/app.ts': `${lines({ two: 'TWO' })}export const name = 'basis'\n`,
    'src/extra/index.ts': lines({ one: 'ONE' }),
    'src/logo.bin': Buffer.from([0, 9, 9]),
    'src/more.ts': "export const motto = 'basis holds'\n",
    'src/old.ts': null,
    'src/db/schema/index.ts':
      "/** The tables. */\nexport * from './bounces.js'\nexport * from './users.js'\n",
    ...migration('0002', 'bounces'),
    'drizzle/meta/0002_snapshot.json': snapshot('s2', 's1', ['bounces', 'users']),
  })
  product.commit({
    'package.json': product.read('package.json').replace('1.0.0', '7.0.0'),
    'CHANGELOG.md': '# What is new in acme\n',
    'README.md': '# All about acme\n',
    'src/app.ts': product.read('src/app.ts').replace("'seven'", "'SEVEN'"),
    'src/db/schema/index.ts': "/** The tables. */\nexport * from './notes.js'\nexport * from './users.js'\n",
    ...migration('0002', 'notes'),
    'drizzle/meta/0002_snapshot.json': snapshot('p2', 's1', ['notes', 'users']),
  })
  const main = product.git('rev-parse', 'main')
  const { code, stdout, stderr } = await upgrade(t, product, '1.1.0', '--from', starter.folder)
  t.match({ code, stderr }, { code: 0, stderr: '' }, stdout)
  t.match(stdout, '0002_bounces is 0003_bounces')

  t.equal(product.git('branch', '--show-current'), 'upgrade/1.1.0')
  t.equal(product.git('status', '--porcelain'), '')
  t.equal(product.git('rev-parse', 'main'), main)
  t.equal(product.git('merge-base', 'main', 'HEAD'), main, 'the product is an ancestor')
  t.equal(product.read('src/app.ts'), `${lines({ two: 'TWO', seven: 'SEVEN' })}export const name = 'acme'\n`)
  t.equal(product.read('src/more.ts'), "export const motto = 'acme holds'\n")
  t.throws(() => product.read('src/old.ts'))
  t.throws(() => product.read('src/extra/index.ts'), 'a feature that was left out stays out')
  t.equal(product.read('src/logo.bin'), '\0\t\t')
  t.equal(product.read('CHANGELOG.md'), '# What is new in acme\n')
  t.equal(product.read('README.md'), '# All about acme\n')
  t.match(JSON.parse(product.read('package.json')), {
    name: 'acme',
    version: '7.0.0',
    scripts: { new: 'tsx new.ts' },
  })
  t.strictSame(JSON.parse(product.read('starter.json')), {
    starter: '1.1.0',
    name: 'acme',
    without: ['extra'],
  })
  t.equal(
    product.read('src/db/schema/index.ts'),
    "/** The tables. */\nexport * from './bounces.js'\nexport * from './notes.js'\nexport * from './users.js'\n",
  )
  t.equal(product.read('drizzle/0002_notes.sql'), 'CREATE TABLE notes ();\n')
  t.equal(product.read('drizzle/0003_bounces.sql'), 'CREATE TABLE bounces ();\n')
  t.equal(product.read('drizzle/0003_bounces.down.sql'), 'DROP TABLE bounces;\n')
  t.equal(
    product.read('drizzle/meta/0003_snapshot.json'),
    snapshot('s2', 'p2', ['bounces', 'notes', 'users']),
    'the snapshot follows that of the product, with its tables',
  )
})

t.test('takes one release after the other, also after a squash', async (t) => {
  const { starter, release, product } = createStarterAndProduct(t)
  const app = (changes: Record<string, string>) => `${lines(changes)}export const name = 'basis'\n`
  release('1.1.0', { ...migration('0002', 'bounces'), 'src/app.ts': app({ one: '1.1' }) })
  release('1.2.0', { ...migration('0003', 'clicks'), 'src/app.ts': app({ one: '1.2' }) })
  product.commit({
    ...migration('0002', 'notes'),
    'src/app.ts': product.read('src/app.ts').replace("'seven'", "'SEVEN'"),
  })
  t.match(await upgrade(t, product, '1.1.0', '--from', starter.folder), { code: 0 })
  product.git('switch', '--quiet', 'main')
  product.git('merge', '--quiet', '--squash', 'upgrade/1.1.0')
  product.commit({}, 'Upgrade')
  t.match(await upgrade(t, product, 'v1.2.0', '--from', starter.folder), { code: 0 })
  t.equal(product.read('src/app.ts'), `${lines({ one: '1.2', seven: 'SEVEN' })}export const name = 'acme'\n`)
  const scripts = product.git('ls-files', 'drizzle/*_*.sql').split('\n')
  t.strictSame(
    scripts.filter((path) => !path.endsWith('.down.sql')),
    ['0001_users', '0002_notes', '0003_bounces', '0004_clicks'].map((name) => `drizzle/${name}.sql`),
  )
})

t.test('remembers the address of the starter', async (t) => {
  const { starter, release, product } = createStarterAndProduct(t)
  release('1.1.0', { 'README.md': '# More about this\n' })
  release('1.2.0', {})
  t.match(await upgrade(t, product, '1.1.0', '--from', `file://${starter.folder}`), { code: 0 })
  t.match(await upgrade(t, product, '1.2.0'), { code: 0 })
  t.equal(product.read('README.md'), '# More about this\n', 'a README that the product has not edited')
  t.strictSame(JSON.parse(product.read('starter.json')), {
    ...{ starter: '1.2.0', repository: `file://${starter.folder}` },
    ...{ name: 'acme', without: ['extra'] },
  })
})

t.test('takes a branch or a commit, and records the commit', async (t) => {
  const { starter, product } = createStarterAndProduct(t)
  starter.git('switch', '--quiet', '--create', 'development')
  starter.commit({ 'src/more.ts': '' })
  const commit = starter.git('rev-parse', 'HEAD')
  for (const name of ['development', commit.slice(0, 8)]) {
    t.match(await upgrade(t, product, name, '--from', starter.folder), { code: 0 })
    t.equal(JSON.parse(product.read('starter.json')).starter, commit)
    product.git('switch', '--quiet', 'main')
    product.git('branch', '-D', `upgrade/${commit}`)
  }
})

/** A release and edits of the product that meet in each way. */
function createConflicts(t: Test) {
  const made = createStarterAndProduct(t)
  made.release('1.1.0', {
    'CHANGELOG.md': `# Changelog

## [1.1.0] - 2026-02-01

### Upgrading

- \`src/mail.ts\`, \`src/jobs\`: mails have a third line,
  which is new.
- Node 22 is needed.

## [1.0.0] - 2026-01-01

### Upgrading

- \`src/mail.ts\`: older.
`,
    'package.json': '{ "scripts": { "dev": "theirs" } }',
    'src/app.ts': lines({ one: 'ONE' }),
    'src/logo.bin': Buffer.from([0, 9]),
    'src/mail.ts': lines({ three: 'theirs' }),
    'src/old.ts': null,
  })
  made.product.commit({
    'package.json': '{ "name": "acme", "version": "1.0.0", "type": "module", "scripts": { "dev": "ours" } }',
    'src/app.ts': null,
    'src/logo.bin': Buffer.from([0, 8]),
    'src/mail.ts': lines({ three: 'ours' }),
    'src/old.ts': lines({ one: 'ours' }),
  })
  return made
}

t.test('leaves real conflicts to the team, each with its note', async (t) => {
  const { starter, product } = createConflicts(t)
  const before = product.state()
  const { code, stdout } = await upgrade(t, product, '1.1.0', '--from', starter.folder)
  t.equal(code, 1)
  t.match(stdout, '1.1.0 is on the branch upgrade/1.1.0, with 3 conflicts:')
  t.match(stdout, 'src/logo.bin: both changed it\n')
  t.match(
    stdout,
    'src/mail.ts: both changed it (2 lines)\n    1.1.0: mails have a third line, which is new.\n',
  )
  t.match(stdout, 'src/old.ts: the release deletes it, the product changed it\n')
  t.match(stdout, 'Kept in package.json:\n  scripts.dev: "ours"; the release has "theirs"\n')
  t.match(stdout, 'Changed by the release and still deleted here:\n  src/app.ts\n')
  t.match(stdout, 'Notes:\n  1.1.0: Node 22 is needed.\n')
  t.notMatch(stdout, 'older')
  const status = product.git('status', '--porcelain').split('\n').sort()
  t.strictSame(status, ['M  starter.json', 'UD src/old.ts', 'UU src/logo.bin', 'UU src/mail.ts'])
  t.match(product.read('src/mail.ts'), /<{7} .*ours.*={7}.*theirs.*>{7} /s)

  await follow(t, product, stdout, 'Give up:')
  t.strictSame(product.state(), before, 'what it prints undoes everything')

  await upgrade(t, product, '1.1.0', '--from', starter.folder)
  product.commit({ 'src/mail.ts': lines({ three: 'both' }), 'src/old.ts': null }, 'Upgrade')
  t.equal(product.git('rev-list', '--parents', '-1', 'HEAD').split(' ').length, 3, 'it is a merge')
  t.equal(product.git('status', '--porcelain'), '')
})

t.test('a dry run reports the same and changes nothing', async (t) => {
  const { starter, product } = createConflicts(t)
  const before = product.state()
  const args = ['1.1.0', '--from', `${starter.folder}/../starter`] as const
  const { code, stdout } = await upgrade(t, product, ...args, '--dry-run')
  t.equal(code, 1)
  t.match(stdout, 'src/mail.ts: both changed it (2 lines)')
  t.match(stdout, /a dry run: nothing is changed\.\n$/)
  t.strictSame(product.state(), before)
  const real = await upgrade(t, product, ...args)
  t.equal(stdout.split('\n\nThis was')[0], real.stdout.split('\n\nGo on')[0])
})

t.test('runs the codemods of all releases between on the code of the product', async (t) => {
  const { starter, release, product } = createStarterAndProduct(t)
  const rename = (from: string, to: string) => `import type { Project } from 'ts-morph'
export default (project: Project) => {
  project.getSourceFileOrThrow('src/mail.ts').getVariableDeclarationOrThrow('${from}').rename('${to}')
}
`
  const renamed = (name: string) => lines().replace('const one', `const ${name}`)
  release('1.9.0', { 'upgrades/1.9.0.ts': rename('one', 'uno'), 'src/mail.ts': renamed('uno') })
  release('1.10.0', { 'upgrades/1.10.0.ts': rename('uno', 'eins'), 'src/mail.ts': renamed('eins') })
  product.commit({
    'src/mail.ts': product.read('src/mail.ts').replace("'one'", "'changed beside the name'"),
    'src/own.ts': "import { one } from './mail.js'\n\nconsole.log(one)\n",
  })
  const { code, stdout } = await upgrade(t, product, '1.10.0', '--from', starter.folder)
  t.equal(code, 0, stdout)
  t.throws(() => product.read('upgrades/1.9.0.ts'), 'the codemods stay in the starter')
  t.equal(product.read('src/own.ts'), "import { eins } from './mail.js'\n\nconsole.log(eins)\n")
  t.match(product.read('src/mail.ts'), /^export const eins = 'changed beside the name'$/m)
})
