import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type postgres from 'postgres'
import { downgrade, migrationStatus, readHistory, upgrade } from '../../src/db/migrate/index.js'
import { describeCatalog } from '../helpers/catalog.js'
import { connect, createEmptyDatabase } from '../helpers/database.js'
import t from '../tap.js'

/** Three migrations that build on one another; the second cannot run in a transaction. */
const FILES = {
  '0001_books.sql': `CREATE TABLE books (id int PRIMARY KEY, title text NOT NULL);
--> statement-breakpoint
CREATE FUNCTION count_books() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1; RETURN (SELECT count(*) FROM books);
END $$;`,
  '0001_books.down.sql': 'DROP FUNCTION count_books;\n--> statement-breakpoint\nDROP TABLE books;',
  '0002_titles.sql':
    '-- no-transaction: CONCURRENTLY\nCREATE INDEX CONCURRENTLY books_title_idx ON books (title);',
  '0002_titles.down.sql': '-- no-transaction\nDROP INDEX CONCURRENTLY books_title_idx;',
  '0003_pages.sql': 'ALTER TABLE books ADD pages int;',
  '0003_pages.down.sql': 'ALTER TABLE books DROP pages;',
}
const pendingOf = async (sql: postgres.Sql, options: { folder: string }) =>
  (await readHistory(sql, options)).pending

const NAMES = ['0001_books', '0002_titles', '0003_pages']

t.test('four concurrent runners apply each migration exactly once, and all succeed', async (t) => {
  const { url, sql } = await createEmptyDatabase(t)
  const folder = t.testdir(FILES)
  const runs = await Promise.all([1, 2, 3, 4].map(() => upgrade(url, { folder })))
  t.strictSame(runs.flat().sort(), NAMES)
  t.strictSame(await pendingOf(sql, { folder }), [])
})

t.test('a runner that has to wait says so and continues when its turn comes', async (t) => {
  const { url } = await createEmptyDatabase(t)
  const folder = t.testdir(FILES)
  let release = () => {}
  let started = () => {}
  const holding = new Promise<void>((resolve) => {
    release = resolve
  })
  const holds = new Promise<void>((resolve) => {
    started = resolve
  })
  const after = () => {
    started()
    return holding
  }
  const first = upgrade(url, { folder, after })
  await holds
  t.strictSame(await upgrade(url, { folder, onWait: release }), [])
  t.strictSame(await first, NAMES)
})

t.test(
  'a file that fails half-way leaves nothing, and the error names file, statement and reason',
  async (t) => {
    const { url, sql } = await createEmptyDatabase(t)
    const folder = t.testdir({
      ...FILES,
      '0004_bad.sql':
        'CREATE TABLE half (id int);\n--> statement-breakpoint\n-- why\nALTER TABLE bo ADD x int;',
    })
    const applied: string[] = []
    await t.rejects(upgrade(url, { folder, onApply: (name) => applied.push(name) }), {
      name: 'MigrationError',
      message:
        '0004_bad.sql failed at statement 2 of 2 (ALTER TABLE bo ADD x int;): relation "bo" does not exist\nNothing of this file was kept.',
    })
    t.strictSame(applied, NAMES)
    t.strictSame(await pendingOf(sql, { folder }), ['0004_bad'])
    t.notOk((await describeCatalog(sql)).find((line) => line.includes('half')))
    await writeFile(join(folder, '0004_bad.sql'), 'CREATE TABLE half (id int);')
    t.strictSame(await upgrade(url, { folder }), ['0004_bad'], 'the fixed file is applied')
  },
)

t.test('a file without a transaction that stops half-way has to be resolved by hand', async (t) => {
  const { url, sql } = await createEmptyDatabase(t)
  const index = 'CREATE UNIQUE INDEX CONCURRENTLY pages_key ON books (pages);'
  const folder = t.testdir({
    ...FILES,
    '0004_keys.sql': `-- no-transaction\nINSERT INTO books VALUES (1, 'a', 7), (2, 'b', 7);\n--> statement-breakpoint\n${index}`,
    '0004_keys.down.sql':
      '-- no-transaction\nDELETE FROM books;\n--> statement-breakpoint\nDROP INDEX CONCURRENTLY no;',
  })
  const halfWay =
    /0004_keys stopped half-way upgrading, with 1 of its statements done.*\nFinish it by hand, then run: (.+;) Or undo it by hand, then run: (.+;)$/
  await t.rejects(upgrade(url, { folder }), {
    message:
      /^0004_keys.sql failed at statement 2 of 2 \(CREATE UNIQUE INDEX CONCURRENTLY.*\): could not create/,
  })
  const refusal = await upgrade(url, { folder }).catch((error: Error) => error.message)
  t.match(refusal, halfWay, 'the next run is refused')
  await t.rejects(downgrade(url, { folder, target: { steps: 1 } }), { message: halfWay })
  t.match(await migrationStatus(url, { folder }), [{}, {}, {}, { name: '0004_keys', state: 'half-way' }])
  t.strictSame(await pendingOf(sql, { folder }), ['0004_keys'])

  const [, finished = '', undone = ''] = halfWay.exec(String(refusal)) ?? []
  await sql.unsafe(`DROP INDEX pages_key; DELETE FROM books; ${undone}`)
  t.strictSame(await pendingOf(sql, { folder }), ['0004_keys'])
  await t.rejects(upgrade(url, { folder }))
  await sql.unsafe(`DROP INDEX pages_key; ${finished}`)
  t.strictSame(await upgrade(url, { folder }), [])

  await t.rejects(downgrade(url, { folder, target: { steps: 1 } }), {
    message:
      /0004_keys.down.sql failed at statement 2 of 2[\s\S]*Finish it by hand, then run: DELETE [\s\S]* then run: UPDATE /,
  })
})

t.test('applies a migration that is merged late although a newer one is applied', async (t) => {
  const { url } = await createEmptyDatabase(t)
  const { '0002_titles.sql': late, ...others } = FILES
  const folder = t.testdir(others)
  t.strictSame(await upgrade(url, { folder }), ['0001_books', '0003_pages'])
  await writeFile(join(folder, '0002_titles.sql'), late)
  t.strictSame(await upgrade(url, { folder }), ['0002_titles'])
})

t.test('refuses an edited file by name, ignores line endings, and accepts it after a revert', async (t) => {
  const { url } = await createEmptyDatabase(t)
  const folder = t.testdir(FILES)
  await upgrade(url, { folder })
  const path = join(folder, '0001_books.sql')
  await writeFile(path, `\uFEFF${FILES['0001_books.sql'].replaceAll('\n', '\r\n')}`)
  t.strictSame(await upgrade(url, { folder }), [])
  await writeFile(path, `${FILES['0001_books.sql']} `)
  await t.rejects(upgrade(url, { folder }), {
    message: /^0001_books.sql was edited after being applied here: .* db:downgrade -- base first$/,
  })
  t.match(await migrationStatus(url, { folder }), [
    { state: 'edited' },
    { state: 'applied' },
    { state: 'applied' },
  ])
  await downgrade(url, { folder, target: { to: 'base' } })
  t.strictSame(await upgrade(url, { folder }), NAMES)
})

t.test('upgrade and downgrade stop at the given revision', async (t) => {
  const { url, sql } = await createEmptyDatabase(t)
  const folder = t.testdir(FILES)
  const empty = await describeCatalog(sql)
  t.strictSame(await upgrade(url, { folder, to: '0002' }), ['0001_books', '0002_titles'])
  t.strictSame(await upgrade(url, { folder, to: '0001_books' }), [], 'newer migrations stay')
  await t.rejects(upgrade(url, { folder, to: '0009' }), { message: 'there is no migration 0009' })
  await upgrade(url, { folder })
  t.strictSame(await downgrade(url, { folder, target: { steps: 2 } }), ['0003_pages', '0002_titles'])
  await t.rejects(downgrade(url, { folder, target: { to: '0003' } }), {
    message: 'there is no applied migration 0003',
  })
  await t.rejects(downgrade(url, { folder, target: { steps: 2 } }), {
    message: 'cannot go back that far: 1 applied',
  })
  await upgrade(url, { folder })
  t.strictSame(await downgrade(url, { folder, target: { to: '0002_titles' } }), ['0003_pages'])
  t.strictSame(await downgrade(url, { folder, target: { to: '0000' } }), ['0002_titles', '0001_books'])
  t.strictSame(await describeCatalog(sql), empty)
})

t.test('a missing down file stops a downgrade before anything runs', async (t) => {
  const { url, sql } = await createEmptyDatabase(t)
  const { '0001_books.down.sql': _, ...files } = FILES
  const folder = t.testdir(files)
  await upgrade(url, { folder })
  await t.rejects(downgrade(url, { folder, target: { to: 'base' } }), {
    message: '0001_books.down.sql is missing, so 0001_books cannot be reverted; nothing was changed',
  })
  t.strictSame(await pendingOf(sql, { folder }), [])
})

t.test('a file that waits too long for a lock gives up, so that nothing queues behind it', async (t) => {
  const { url, sql } = await createEmptyDatabase(t)
  const folder = t.testdir(FILES)
  await upgrade(url, { folder, to: '0002' })
  await sql.begin(async (reader) => {
    await reader`select from books`
    await t.rejects(upgrade(url, { folder, lockTimeoutMs: 50 }), { message: /0003_pages.sql.*lock timeout/ })
  })
  t.strictSame(await upgrade(url, { folder }), ['0003_pages'])
})

t.test(
  'the final step of every run sees its tables, even with nothing to do, and no setting of a file',
  async (t) => {
    const { url } = await createEmptyDatabase(t)
    const folder = t.testdir({
      '0001_dump.sql': `SELECT set_config('search_path', '', false);\n--> statement-breakpoint\nCREATE TABLE public.a (id int);`,
      '0001_dump.down.sql': 'DROP TABLE a;',
      '0002_empty.sql': '-- nothing to do',
      '0002_empty.down.sql': '',
    })
    const states: unknown[] = []
    const after = async (sql: postgres.Sql) => {
      const [row] =
        await sql`select to_regclass('a') is not null as table, current_setting('search_path') as path`
      states.push(row)
    }
    await upgrade(url, { folder, after })
    await upgrade(url, { folder, after })
    await downgrade(url, { folder, after, target: { to: 'base' } })
    const path = '"$user", public'
    t.strictSame(states, [
      { table: true, path },
      { table: true, path },
      { table: false, path },
    ])
  },
)

t.test('refuses files that the runner would misread before anything runs', async (t) => {
  const { url, sql } = await createEmptyDatabase(t)
  const refuses = (files: Record<string, string>, message: RegExp) =>
    t.rejects(upgrade(url, { folder: t.testdir({ ...FILES, ...files }) }), { message })
  await refuses(
    { '0004_commit.sql': 'BEGIN;\nDROP TABLE books;\nCOMMIT;' },
    /^0004_commit.sql says BEGIN;, but runs in/,
  )
  await refuses({ '4_short.sql': '' }, /^4_short.sql is not named like 0001_name.sql/)
  await t.rejects(upgrade(url, { folder: '/nowhere' }), {
    message: 'cannot read the migrations in /nowhere (ENOENT)',
  })
  t.strictSame(await pendingOf(sql, { folder: t.testdir(FILES) }), NAMES)
})

t.test('a read-only role can list pending migrations', async (t) => {
  const { url, appUrl, appRole, sql } = await createEmptyDatabase(t)
  const folder = t.testdir(FILES)
  await upgrade(url, { folder, to: '0001' })
  await sql`grant usage on schema drizzle to ${sql(appRole)}`
  await sql`grant select on drizzle.migrations to ${sql(appRole)}`
  t.strictSame(await pendingOf(connect(t, appUrl), { folder }), ['0002_titles', '0003_pages'])
})

t.test('an unreachable database is reported in one line without the password', async (t) => {
  const url = 'postgres://someone:hunter2@127.0.0.1:1/nothing'
  await t.rejects(upgrade(url, { folder: t.testdir(FILES) }), {
    name: 'ConnectionError',
    message: 'cannot connect to database nothing at 127.0.0.1:1: ECONNREFUSED',
  })
})
