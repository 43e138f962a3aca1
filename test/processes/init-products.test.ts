/**
 * Makes products from the starter and checks them. By default one, without the feature that the day of
 * the year chooses, and with a few of its tests. `INIT=projects` chooses a feature; `INIT=full` makes a
 * product without each, one with all and one without any, builds them and runs all their tests.
 */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyInit } from '../../scripts/init/apply.js'
import { features } from '../../scripts/init/features/index.js'
import { copyTree } from '../../scripts/init/tree.js'
import { createEmptyDatabase } from '../helpers/database.js'
import { PACKAGE_ROOT, run } from '../helpers/process.js'
import t, { type Test } from '../tap.js'

t.setTimeout(6_000_000)

const { INIT } = process.env
const isFull = INIT === 'full'
const DAY_MS = 86_400_000

const names = Object.keys(features)
const ofToday = String(names[Math.floor(Date.now() / DAY_MS) % names.length])
const products = isFull ? [...names.map((name) => [name]), names, []] : [[INIT ?? ofToday]]

/** Tests of what features change: documents, permissions, the API, tables and the program's parts. */
const FEW = [
  'architecture',
  'config/documents',
  'documents',
  'matrix/matrix',
  'openapi',
  'product-name',
  'tenant-tables',
].map((name) => `test/${name}.test.ts`)
/** Beside `npm test`: the migrations go up and down. */
const SLOW = ['test/scale/migrations.test.ts', 'test/docs/commands.test.ts']

/** A product with its packages, those of features that are left out among them. */
function makeProduct(t: Test, without: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'product-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  copyTree(PACKAGE_ROOT, folder)
  applyInit(folder, { name: 'acme-shop', description: 'A shop.', emailDomain: 'acme.example', without })
  symlinkSync(join(PACKAGE_ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

for (const without of products) {
  t.test(`a product without ${without.join(', ') || 'nothing'} passes its own checks`, async (t) => {
    const cwd = makeProduct(t, without)
    const { adminUrl } = await createEmptyDatabase(t)
    const succeeds = async (...command: [string, ...string[]]) => {
      const { code, stdout, stderr } = await run(t, command, { cwd, env: { DATABASE_URL: adminUrl } })
      t.equal(code, 0, `${command.join(' ')}\n${stdout}${stderr}`)
    }
    await succeeds('npx', 'biome', 'check', ...['src', 'scripts', 'test', 'bench', 'config', 'package.json'])
    await succeeds('npx', 'tsc', '--noEmit')
    await succeeds('npx', 'tsx', 'scripts/db.ts', 'check')
    if (isFull) await succeeds('npm', 'run', '--silent', 'build')
    await succeeds('npm', 'test', '--', '--jobs=1', ...(isFull ? SLOW : FEW))
    if (isFull) await succeeds('npm', 'test')
  })
}
