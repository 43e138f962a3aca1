import { spawnSync } from 'node:child_process'
import { createStarterAndProduct, type Repository, SMALL_INIT, upgrade } from '../helpers/starter.js'
import t from '../tap.js'

/** A package in a folder, so that npm needs no network. */
const local = (name: string) => ({
  [`packages/${name}/package.json`]: `{ "name": "${name}", "version": "1.0.0", "main": "index.js" }`,
  [`packages/${name}/index.js`]: '',
})

const withDependency = (dependency: string, more = {}) =>
  JSON.stringify({ ...more, dependencies: { [dependency]: `file:packages/${dependency}` } })

function lock({ folder, read }: Repository): string {
  const args = ['install', '--package-lock-only', '--ignore-scripts', '--offline']
  spawnSync('npm', args, { cwd: folder })
  return read('package-lock.json')
}

t.test('merges dependencies, and a release may need new ones to be made a product', async (t) => {
  const { starter, release, product } = createStarterAndProduct(t)
  starter.write({
    ...local('kit'),
    'package.json': withDependency('kit', { name: 'basis', version: '1.1.0' }),
  })
  release('1.1.0', {
    'package.json': withDependency('kit'),
    'package-lock.json': lock(starter),
    'scripts/init/apply.ts': `import 'kit'\n${SMALL_INIT}`,
  })
  // Its lock file is older than its dependency.
  product.commit({ 'package-lock.json': lock(product) })
  const own = withDependency('own', { name: 'acme', version: '7.0.0', type: 'module' })
  product.commit({ ...local('own'), 'package.json': own })

  const { code, stdout } = await upgrade(t, product, '1.1.0', '--from', starter.folder)
  t.equal(code, 0, stdout)
  const { name, version, packages } = JSON.parse(product.read('package-lock.json'))
  t.strictSame({ name, version }, { name: 'acme', version: '7.0.0' })
  t.strictSame(packages[''].dependencies, { kit: 'file:packages/kit', own: 'file:packages/own' })
  for (const each of ['kit', 'own']) t.ok(packages[`node_modules/${each}`], each)
  t.equal(lock(product), product.git('show', 'HEAD:package-lock.json').concat('\n'), 'npm agrees')
})
