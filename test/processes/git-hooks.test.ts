import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE_ROOT, run } from '../helpers/process.js'
import t, { type Test } from '../tap.js'

const skip = spawnSync('git', ['--version']).error !== undefined && 'git is not installed'

/**
 * A new repository with our hooks and a minimal package, whose types always pass and whose test is
 * test.js.
 */
async function createRepository(t: Test) {
  const cwd = t.testdir({ 'package.json': '{ "scripts": { "typecheck": "true", "test": "node test.js" } }' })
  for (const file of ['lefthook.yml', 'biome.json']) cpSync(join(PACKAGE_ROOT, file), join(cwd, file))
  writeFileSync(join(cwd, '.gitignore'), 'node_modules\nremote\n')
  symlinkSync(join(PACKAGE_ROOT, 'node_modules'), join(cwd, 'node_modules'))
  const identity = {
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.com',
  }
  const committer = { GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.com' }
  const git = (args: string[], env: NodeJS.ProcessEnv = {}) =>
    run(t, ['git', ...args], { cwd, env: { ...identity, ...committer, ...env } })
  await git(['init', '--quiet', '--initial-branch', 'main'])
  t.match(await run(t, ['npx', 'lefthook', 'install'], { cwd }), { code: 0 })
  const commit = async (env?: NodeJS.ProcessEnv) => {
    await git(['add', '.'])
    return git(['commit', '--message', 'Add what is here'], env)
  }
  return { cwd, git, commit, write: (name: string, text: string) => writeFileSync(join(cwd, name), text) }
}

t.test('refuses direct commits to main and development unless the hook is excluded', { skip }, async (t) => {
  const { git, commit, write } = await createRepository(t)
  write('test.js', '')
  const refused = await commit()
  t.match(refused, { code: 1 })
  t.match(refused.stdout + refused.stderr, /main and development take no direct commits.*git switch -c/)
  t.match(await commit({ LEFTHOOK_EXCLUDE: 'branch' }), { code: 0 })
  await git(['switch', '--quiet', '--create', 'development'])
  write('test.js', 'process.exit(0)\n')
  t.match(await commit(), { code: 1 })
})

t.test('formats commits on other branches and refuses them when a test fails', { skip }, async (t) => {
  const { cwd, git, commit, write } = await createRepository(t)
  await git(['switch', '--quiet', '--create', 'feature/notes'])
  write('test.js', 'process.exit( 0 );\n')
  t.match(await commit(), { code: 0 })
  t.equal(readFileSync(join(cwd, 'test.js'), 'utf8'), 'process.exit(0)\n')
  t.equal((await git(['status', '--porcelain'])).stdout, '', 'the formatted files are part of the commit')
  write('test.js', 'process.exit(1)\n')
  t.match(await commit(), { code: 1 })
})

t.test('runs the nearest tests before a commit, and all of them before a push', { skip }, async (t) => {
  const { cwd, git, commit, write } = await createRepository(t)
  await git(['init', '--quiet', '--bare', 'remote'])
  await git(['switch', '--quiet', '--create', 'feature/notes'])
  const push = () => git(['push', join(cwd, 'remote'), 'feature/notes'])
  write('test.js', "process.exit(process.argv[2] === '--related' ? 0 : 1)\n")
  t.match(await commit(), { code: 0 })
  t.match(await push(), { code: 1 })
  write('test.js', 'process.exit(0)\n')
  t.match(await commit(), { code: 0 })
  t.match(await push(), { code: 0 })
})
