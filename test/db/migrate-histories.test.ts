/** How a release treats the migrations of another release. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { downgrade, migrationStatus, readHistory, upgrade } from '../../src/db/migrate/index.js'
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
  const history = { newest: '0001_books', pending: [], newer: ['0002_pages'], unknown: [] }
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
    /^0002_pages is applied here, but has no file in this release, which has 0002_covers instead: /
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
