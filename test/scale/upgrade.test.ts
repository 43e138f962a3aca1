import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { connectAcrossOrganizations, createEmptyDatabase } from '../helpers/database.js'
import { PACKAGE_ROOT, run } from '../helpers/process.js'
import { createReleases } from '../helpers/releases.js'
import { createRepository, gitEnv, upgrade } from '../helpers/starter.js'
import t, { type Test } from '../tap.js'

// Two releases, three times made into a product, and its checks.
t.setTimeout(600_000)

const skip = existsSync(join(PACKAGE_ROOT, 'starter.json')) && 'only the starter makes products'

/** What a resource and a release touch. Everything that a commit needs is run with UPGRADE_CHECK=full. */
const TESTS =
  process.env.UPGRADE_CHECK === 'full'
    ? ''
    : 'test/routes/notes.test.ts test/matrix test/architecture.test.ts test/tenant-tables.test.ts'

/** A product of the last release, without tracing, with a resource of its own and one of our files edited. */
async function createProduct(t: Test) {
  const { starter, last, next } = createReleases(t)
  const product = createRepository(t, 'product')
  const database = await createEmptyDatabase(t)
  product.usePackages()
  starter.git('archive', '--output', join(product.folder, 'release.tar'), `v${last}`)
  spawnSync('tar', ['-xf', 'release.tar'], { cwd: product.folder })
  product.commit({ 'release.tar': null })
  const env = { ...gitEnv, DATABASE_URL: database.url, CONFIG_FILE: 'off' }
  const succeeds = async (command: string, more: NodeJS.ProcessEnv = {}) => {
    const ended = await run(t, ['sh', '-ec', command], { cwd: product.folder, env: { ...env, ...more } })
    t.equal(ended.code, 0, `${command}\n${ended.stdout}${ended.stderr}`)
    return ended
  }
  await succeeds('npm run init -- --name acme-shop --without tracing')
  await succeeds('npm run new -- notes --fields "text:text, done:boolean=false"')
  const page = product.read('src/db/queries/page.ts')
  product.commit({
    'src/db/queries/page.ts': `${page}\n/** For the product. */\nexport const OWN_LIMIT = 7\n`,
  })
  await succeeds('npm run db:upgrade')
  return { starter, next, product, database, succeeds }
}

t.test('a product that has gone its own way is upgraded, with its data', { skip }, async (t) => {
  const { starter, next, product, database, succeeds } = await createProduct(t)
  const sql = connectAcrossOrganizations(t, database.url)
  await sql`insert into organizations (name, slug) values ('Acme', 'acme')`
  await sql`insert into notes (organization_id, text) select id, 'written before' from organizations`

  const { code, stdout, stderr } = await upgrade(t, product, next, '--from', starter.folder)
  t.equal(code, 0, `${stdout}${stderr}`)
  t.equal(product.git('status', '--porcelain'), '')
  t.match(
    product.read('src/db/queries/page.ts'),
    /\/\*\* For the product\. \*\/\nexport const OWN_LIMIT = 7\n$/,
  )
  t.match(
    product.read('src/db/queries/notes.ts'),
    'pageByKeys',
    'the codemod changes the code of the product',
  )
  t.notOk(existsSync(join(product.folder, 'src/tracing')))

  const types = succeeds('npx tsc --noEmit')
  await succeeds('npx biome check .')
  await succeeds('npm run db:check')
  await succeeds('npm run db:upgrade')
  t.match(await sql`select text, done from notes`, [{ text: 'written before', done: false }])
  await types
  const { stdout: report } = await succeeds(`npm test -- ${TESTS}`, { DATABASE_URL: database.adminUrl })
  t.match(report, /\d+ passed, 0 failed/)
})
