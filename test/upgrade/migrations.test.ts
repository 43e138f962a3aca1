import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { takeMigrations } from '../../scripts/upgrade/migrations.js'
import { migration, snapshot } from '../helpers/starter.js'
import t, { type Test } from '../tap.js'

/** A folder with migrations, each of which creates the table of its name. */
function treeOf(names: string[], ids: string) {
  const scripts = names.flatMap((name) => Object.entries(migration(name.slice(0, 4), name.slice(5))))
  const drizzle = scripts.map(([path, script]) => [path.replace('drizzle/', ''), String(script)])
  const meta = names.map((name, index) => {
    const tables = names.slice(0, index + 1).map((each) => each.slice(5))
    return [`${name.slice(0, 4)}_snapshot.json`, snapshot(`${ids}${index + 1}`, `${ids}${index}`, tables)]
  })
  return { drizzle: { ...Object.fromEntries(drizzle), meta: Object.fromEntries(meta) } }
}

function merge(t: Test, sides: { product: string[]; old: string[]; next: string[] }) {
  const root = t.testdir({
    product: treeOf(sides.product, 'p'),
    old: treeOf(sides.old, 's'),
    next: treeOf(sides.next, 's'),
  })
  const trees = { product: join(root, 'product'), old: join(root, 'old'), next: join(root, 'next') }
  const taken = takeMigrations(trees)
  const list = (tree: string) => readdirSync(join(tree, 'drizzle'), { recursive: true, encoding: 'utf8' })
  const read = (number: string) =>
    JSON.parse(readFileSync(join(trees.next, `drizzle/meta/${number}_snapshot.json`), 'utf8'))
  t.strictSame(list(trees.old), list(trees.product), 'the old render has those of the product')
  return { taken, read, files: list(trees.next) }
}

t.test('numbers several migrations after those of the product, each with a snapshot', async (t) => {
  const { taken, read, files } = merge(t, {
    product: ['0001_users', '0002_notes', '0003_tags'],
    old: ['0001_users'],
    next: ['0001_users', '0002_mails', '0003_jobs'],
  })
  t.strictSame(taken, [
    { from: '0002_mails', to: '0004_mails' },
    { from: '0003_jobs', to: '0005_jobs' },
  ])
  t.equal(files.filter((path) => /^\d{4}_\w+(\.down)?\.sql$/.test(path)).length, 10)
  t.match(read('0003'), { id: 'p3', prevId: 'p2' })
  t.match(read('0004'), { id: 's2', prevId: 'p3' })
  t.match(read('0005'), { id: 's3', prevId: 's2' })
  t.strictSame(Object.keys(read('0004').tables).sort(), ['mails', 'notes', 'tags', 'users'])
  t.strictSame(Object.keys(read('0005').tables).sort(), ['jobs', 'mails', 'notes', 'tags', 'users'])
})

t.test(
  'knows a migration whose number differs between the releases, and one whose name comes twice',
  async (t) => {
    const { taken } = merge(t, {
      product: ['0001_users', '0002_audit', '0003_index'],
      old: ['0001_users', '0002_audit', '0003_index'],
      next: ['0001_users', '0002_index', '0003_index'],
    })
    t.strictSame(taken, [{ from: '0003_index', to: '0004_index' }])
  },
)

t.test('a product without migrations gets those of the release', async (t) => {
  const { taken } = merge(t, { product: [], old: [], next: ['0001_users'] })
  t.strictSame(taken, [{ from: '0001_users', to: '0001_users' }])
})
