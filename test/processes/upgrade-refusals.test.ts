import { createRepository, createStarterAndProduct, upgrade } from '../helpers/starter.js'
import t from '../tap.js'

t.test('refuses in one line, and leaves the product as it was', async (t) => {
  const { starter, release, product } = createStarterAndProduct(t)
  release('1.1.0', { 'src/more.ts': '' })
  release('1.2.0', { 'scripts/init/apply.ts': "throw new Error('no such feature: extra')\n" })
  release('1.3.0', { 'scripts/init/apply.ts': "import 'not-installed'\n", 'src/more.ts': '1' })
  const from = ['--from', starter.folder]
  const refuses = async (args: string[], reason: string | RegExp, at = product) => {
    const before = at.state()
    const { code, stdout, stderr } = await upgrade(t, at, ...args)
    t.match({ code, stdout }, { code: 1, stdout: '' })
    t.match(stderr, reason)
    t.match(stderr, /^upgrade: [^\n]+\n$/, 'one line')
    t.strictSame(at.state(), before)
  }
  await refuses(['1.0.0', ...from], 'the product has 1.0.0 already')
  await refuses(['9.9.9', ...from], 'no release 9.9.9; it has 1.0.0, 1.1.0, 1.2.0, 1.3.0')
  await refuses(['1.1.0'], '--from is missing')
  await refuses(['1.1.0', '--from', '/nowhere'], /git clone: .*nowhere/)
  await refuses(['1.1.0', '--from', 'ext::sh -c true'], 'is no folder and no address')
  await refuses(['1.2.0', ...from], 'run-init fails: Error: no such feature: extra')
  await refuses(['1.3.0', ...from], /run-init fails: .*not-installed/)
  product.git('branch', 'upgrade/1.1.0')
  await refuses(['1.1.0', ...from], 'the branch upgrade/1.1.0 exists')
  product.git('branch', '-D', 'upgrade/1.1.0')

  product.write({ 'src/own.ts': '' })
  await refuses(['1.1.0', ...from], 'changes that are not committed')
  product.write({ 'src/own.ts': null })
  product.commit({ 'starter.json': '{ "starter": "1.1.0", "name": "acme", "without": [] }' })
  await refuses(['1.0.0', ...from], '1.0.0 is older than 1.1.0')
  product.commit({ 'starter.json': '{ "starter": "0.9.0" }' })
  await refuses(['1.1.0', ...from], 'no release 0.9.0')
  product.commit({ 'starter.json': '{ "name": "acme" }' })
  await refuses(['1.1.0', ...from], 'starter.json names no release')
  product.commit({ 'starter.json': '{' })
  await refuses(['1.1.0', ...from], 'starter.json is not JSON')
  product.commit({ 'starter.json': null })
  await refuses(['1.1.0', ...from], 'starter.json is missing: npm run init writes it')

  const part = { ...product, folder: `${product.folder}/src` }
  await refuses(['1.1.0', ...from], /a part of the repository .*product, and git merges whole ones/, part)
  const empty = createRepository(t)
  const { stderr } = await upgrade(t, empty, '1.1.0')
  t.equal(stderr, 'upgrade: a merge needs a commit: git init && git add --all && git commit\n')
  t.match(await upgrade(t, empty), { code: 1, stderr: /^upgrade: name one release, such as 1.1.0\nUsage:/ })
})

t.test('a file of the product that git ignores is not overwritten', async (t) => {
  const { starter, release, product } = createStarterAndProduct(t)
  product.commit({ '.gitignore': 'node_modules\nlocal.txt\n' })
  product.write({ 'local.txt': 'mine\n' })
  release('1.1.0', { 'local.txt': 'of the release\n' })
  const before = product.state()
  const { code, stderr } = await upgrade(t, product, '1.1.0', '--from', starter.folder)
  t.equal(product.read('local.txt'), 'mine\n')
  t.match(
    { code, stderr },
    { code: 1, stderr: "upgrade: local.txt is in the way of the release's: move it first\n" },
  )
  t.strictSame(product.state(), before)
})

t.test('a merge that git cannot commit is undone', async (t) => {
  const { starter, release, product } = createStarterAndProduct(t)
  release('1.1.0', { 'src/more.ts': '' })
  product.git('config', 'commit.gpgsign', 'true')
  product.git('config', 'gpg.program', 'false')
  const before = product.state()
  const { code, stderr } = await upgrade(t, product, '1.1.0', '--from', starter.folder)
  t.match({ code, stderr }, { code: 1, stderr: /^upgrade: git commit: [^\n]+\n$/ })
  t.strictSame(product.state(), before)
})
