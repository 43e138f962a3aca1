/** How a release treats the migrations of another release. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  downgrade,
  explainStates,
  migrationStatus,
  readHistory,
  upgrade,
} from '../../src/db/migrate/index.js'
import { describeCatalog } from '../helpers/catalog.js'
import { createEmptyDatabase } from '../helpers/database.js'
import t from '../tap.js'

const FILES = {
  '0001_books.sql': 'CREATE TABLE books (id int PRIMARY KEY);',
  '0001_books.down.sql': 'DROP TABLE books;',
  '0002_pages.sql': 'ALTER TABLE books ADD pages int;',
  '0002_pages.down.sql': 'ALTER TABLE books DROP pages;',
}

t.test('an older release leaves a newer schema unchanged and cannot revert unknown migrations', async (t) => {
  const { url, sql } = await createEmptyDatabase(t)
  await upgrade(url, { folder: t.testdir(FILES) })
  const { '0002_pages.sql': _, '0002_pages.down.sql': __, ...older } = FILES
  const folder = t.testdir(older)
  const after = async () => void t.fail('an older release must not run the final step')
  const ahead: unknown[] = []
  t.strictSame(await upgrade(url, { folder, after, onAhead: (history) => ahead.push(history) }), [])
  const history = {
    newest: '0001_books',
    pending: [],
    newer: ['0002_pages'],
    unknown: [],
    common: '0001_books',
  }
  t.strictSame(ahead, [history])
  t.strictSame(await readHistory(sql, { folder }), history)
  t.match((await migrationStatus(url, { folder })).at(-1), { name: '0002_pages', state: 'newer' })
  for (const target of [{ steps: 1 }, { to: '0001_books' }, { to: 'base' }]) {
    await t.rejects(downgrade(url, { folder, after, target }), {
      message:
        '0002_pages is applied, but its files are missing here: downgrade with the release that has them; nothing was changed',
    })
  }
  t.strictSame(await downgrade(url, { folder, after, target: { to: '0002' } }), [])
  await sql`update drizzle.migrations set state = 'upgrading' where name = '0002_pages'`
  t.strictSame(await upgrade(url, { folder, after }), [], 'a half-way migration is left to the newer release')
})

t.test('refuses a diverged history, with and without pending files', async (t) => {
  const { url, sql } = await createEmptyDatabase(t)
  await upgrade(url, { folder: t.testdir(FILES) })
  const { '0002_pages.sql': pages, '0002_pages.down.sql': down, ...others } = FILES
  const folder = t.testdir({ ...others, '0002_covers.sql': 'SELECT 1', '0002_covers.down.sql': '' })
  const message =
    /^0002_pages is applied, but without a file here, where 0002_covers is instead: .* db:downgrade -- 000[12]_(books|covers),/
  await t.rejects(upgrade(url, { folder }), { message })
  t.match(await migrationStatus(url, { folder }), [{}, { state: 'pending' }, { state: 'unknown' }])
  await sql`insert into drizzle.migrations (name, hash, state)
    select '0002_covers', encode(sha256('SELECT 1'), 'hex'), 'applied'`
  await t.rejects(upgrade(url, { folder }), { message })
  t.match(await readHistory(sql, { folder }), { pending: [], newer: [], unknown: ['0002_pages'] })
  await writeFile(join(folder, '0002_pages.sql'), pages)
  await writeFile(join(folder, '0002_pages.down.sql'), down)
  t.strictSame(await upgrade(url, { folder }), [])
})

t.test('reverts without its files what another branch applied', async (t) => {
  const { url, sql } = await createEmptyDatabase(t)
  const empty = await describeCatalog(sql)
  const branches = t.testdir({
    one: FILES,
    other: { '0001_shelves.sql': '', '0001_shelves.down.sql': '' },
  })
  const [folder, other] = [join(branches, 'one'), { folder: join(branches, 'other') }]
  await upgrade(url, { folder })
  await writeFile(join(folder, '0002_pages.down.sql'), 'ALTER TABLE books DROP COLUMN pages;')
  t.strictSame(await upgrade(url, { folder }), [], 'keeps the way down that was fixed since')
  t.match(await sql`select down from drizzle.migrations order by name`, [
    { down: 'DROP TABLE books;' },
    { down: 'ALTER TABLE books DROP COLUMN pages;' },
  ])
  const states = await migrationStatus(url, other)
  t.match(explainStates(states), [
    {
      state: 'unknown',
      text: /^0001_books, 0002_pages are applied, .* 0001_shelves is instead: .*downgrade -- base,/,
    },
    { state: 'pending', text: '0001_shelves is not applied yet: run npm run db:upgrade' },
  ])
  const target = { to: 'base' }
  await t.rejects(downgrade(url, { ...other, target }), { message: /its files are missing here/ })
  t.strictSame(await downgrade(url, { ...other, target, withoutFiles: true }), ['0002_pages', '0001_books'])
  t.strictSame(await describeCatalog(sql), empty)
  t.strictSame(await upgrade(url, other), ['0001_shelves'])
  t.strictSame(explainStates(await migrationStatus(url, other)), [])
})

t.test('reverts an edited migration with the way down that belongs to what was applied', async (t) => {
  const { url } = await createEmptyDatabase(t)
  const folder = t.testdir(FILES)
  await upgrade(url, { folder })
  await writeFile(join(folder, '0002_pages.sql'), 'ALTER TABLE books ADD sheets int;')
  await writeFile(join(folder, '0002_pages.down.sql'), 'ALTER TABLE books DROP sheets;')
  await t.rejects(upgrade(url, { folder }), {
    message: /^0002_pages.sql was edited .* npm run db:downgrade -- 0001_books first$/,
  })
  t.strictSame(await downgrade(url, { folder, target: { to: '0001' } }), ['0002_pages'])
  t.strictSame(await upgrade(url, { folder }), ['0002_pages'])
  t.strictSame(await downgrade(url, { folder, target: { to: 'base' } }), ['0002_pages', '0001_books'])
})

t.test('a database of an older release gets the way down with the next upgrade', async (t) => {
  const { url, sql } = await createEmptyDatabase(t)
  const branches = t.testdir({ one: FILES, other: {} })
  const folder = join(branches, 'one')
  const other = { folder: join(branches, 'other'), withoutFiles: true, target: { to: 'base' } }
  const asBefore = async () => {
    await sql`alter table drizzle.migrations drop column down`
    t.match(await migrationStatus(url, { folder }), [{ state: 'applied' }, { state: 'applied' }])
  }
  await upgrade(url, { folder })
  await asBefore()
  await t.rejects(downgrade(url, other), {
    message: /^0002_pages has no files here, and an older release applied it, .*; nothing was changed$/,
  })
  await asBefore()
  await upgrade(url, { folder })
  t.strictSame(await downgrade(url, other), ['0002_pages', '0001_books'])
})
