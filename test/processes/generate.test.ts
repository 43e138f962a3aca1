import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import {
  check as checkConstraint,
  foreignKey,
  index,
  integer,
  numeric,
  pgEnum,
  pgPolicy,
  pgTable,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { check } from '../../scripts/db/check.js'
import { generate } from '../../scripts/db/generate.js'
import { downgrade, upgrade } from '../../src/db/migrate/index.js'
import { describeCatalog } from '../helpers/catalog.js'
import { createEmptyDatabase } from '../helpers/database.js'
import t from '../tap.js'

/** A schema. `biggerShelf` is the same with a change of every kind. */
function shelf() {
  const genre = pgEnum('genre', ['novel', 'essay'])
  const authors = pgTable('authors', {
    id: uuid('id').primaryKey().defaultRandom(),
    name: text('name').notNull(),
    born: integer('born'),
  })
  const books = pgTable(
    'books',
    {
      id: uuid('id').primaryKey().defaultRandom(),
      authorId: uuid('author_id').references(() => authors.id, { onDelete: 'cascade' }),
      genre: genre('genre').notNull().default('novel'),
      title: text('title').notNull(),
    },
    (table) => [
      index('books_title_idx').on(table.title),
      uniqueIndex('books_author_title_key').on(table.authorId, table.title),
    ],
  )
  return { genre, authors, books }
}

function biggerShelf() {
  const genre = pgEnum('genre', ['novel', 'essay', 'poem'])
  const state = pgEnum('state', ['lent', 'here'])
  const authors = pgTable(
    'authors',
    {
      id: uuid('id').primaryKey().defaultRandom(),
      name: text('name').notNull().default('unknown'),
    },
    (table) => [unique('authors_name_key').on(table.name), pgPolicy('authors_all', { using: sql`true` })],
  )
  const books = pgTable(
    'books',
    {
      id: uuid('id').primaryKey().defaultRandom(),
      authorId: uuid('author_id')
        .notNull()
        .references(() => authors.id, { onDelete: 'restrict' }),
      genre: genre('genre').notNull().default('essay'),
      title: text('title'),
      state: state('state').notNull().default('here'),
      price: numeric('price', { precision: 8, scale: 2 }),
    },
    (table) => [
      index('books_title_idx').on(sql`lower(${table.title})`),
      index('books_state_idx').on(table.state).where(sql`state = 'lent'`),
      checkConstraint('books_price_check', sql`price > 0`),
    ],
  )
  const loans = pgTable(
    'loans',
    {
      bookId: uuid('book_id').notNull(),
      since: timestamp('since', { withTimezone: true, precision: 3 }).notNull().defaultNow(),
    },
    (table) => [
      foreignKey({ columns: [table.bookId], foreignColumns: [books.id] }),
      index('loans_since_idx').on(table.since.desc()),
    ],
  )
  return { genre, state, authors, books, loans }
}

t.test('generated migrations go up and down again for every kind of change', async (t) => {
  const folder = t.testdir()
  const { url, sql } = await createEmptyDatabase(t)
  const empty = await describeCatalog(sql)
  t.strictSame(await generate({ schema: shelf(), folder, name: 'shelf' }), ['0001_shelf'])
  t.strictSame(await generate({ schema: biggerShelf(), folder, name: 'bigger' }), [
    '0002_bigger_values',
    '0003_bigger',
  ])
  await upgrade(url, { folder, to: '0001' })
  const first = await describeCatalog(sql)
  await sql`with author as (insert into authors (name) values ('Ada') returning id)
    insert into books (author_id, genre, title) select id, 'essay', 'Notes' from author`
  await upgrade(url, { folder })
  const second = await describeCatalog(sql)
  t.match(
    second.find((line) => line.startsWith('relation authors ')),
    /rls=t,t/,
    'row-level security applies to the owner',
  )
  await downgrade(url, { folder, target: { steps: 2 } })
  t.strictSame(await describeCatalog(sql), first)
  t.strictSame([...(await sql`select genre, title from books`)], [{ genre: 'essay', title: 'Notes' }])
  await downgrade(url, { folder, target: { steps: 1 } })
  t.strictSame(await describeCatalog(sql), empty)
  await upgrade(url, { folder })
  t.strictSame(await describeCatalog(sql), second)
})

t.test('writes nothing without a change, unless a custom pair is requested', async (t) => {
  const folder = t.testdir()
  const schema = shelf()
  await generate({ schema, folder, name: 'shelf' })
  t.strictSame(await generate({ schema, folder, name: 'again' }), [])
  t.strictSame(await generate({ schema, folder, name: 'words', custom: true }), ['0002_words'])
  t.strictSame((await readdir(folder)).sort(), [
    '0001_shelf.down.sql',
    '0001_shelf.sql',
    '0002_words.down.sql',
    '0002_words.sql',
    'meta',
  ])
  t.strictSame(await check({ folder, schema }), [])
  t.strictSame(await generate({ schema: biggerShelf(), folder, name: 'more', custom: true }), ['0003_more'])
  t.strictSame(
    await generate({ schema: biggerShelf(), folder, name: 'bigger' }),
    ['0004_bigger_values', '0005_bigger'],
    'a custom pair leaves the schema change pending',
  )
  t.strictSame(await check({ folder, schema: biggerShelf() }), [])
})

t.test('refuses a possible rename without a terminal, and a name with other characters', async (t) => {
  const folder = t.testdir()
  await generate({
    schema: { t: pgTable('t', { id: integer('id'), surname: text('surname') }) },
    folder,
    name: 'one',
  })
  const schema = { t: pgTable('t', { id: integer('id'), lastName: text('last_name') }) }
  await t.rejects(generate({ schema, folder, name: 'two' }), {
    name: 'MigrationError',
    message: /may be a rename: run this in a terminal/,
  })
  await t.rejects(generate({ schema, folder, name: '../Two' }), {
    message: /the name ..\/Two must have only/,
  })
  t.match(await check({ folder, schema }), [
    /public.t columns surname: only in the snapshot/,
    /last_name: only in the schema/,
  ])
})

t.test('check names each way in which files, snapshots and schema disagree', async (t) => {
  const schema = biggerShelf()
  const folder = t.testdir()
  const file = (name: string) => join(folder, name)
  await generate({ schema: { ...shelf(), genre: schema.genre }, folder, name: 'shelf' })
  t.strictSame(await generate({ schema, folder, name: 'bigger' }), ['0002_bigger'])
  const finds = async (...problems: string[]) => t.strictSame(await check({ folder, schema }), problems)

  const { loans: _, ...withoutLoans } = schema
  t.strictSame(await check({ folder, schema: withoutLoans }), [
    'db:generate is due: public.loans: only in the snapshot',
  ])
  const drift = await check({ folder, schema: shelf() })
  t.ok(drift.includes('db:generate is due: public.authors columns born: only in the schema'))
  t.ok(
    drift.includes(
      'db:generate is due: public.books columns title notNull: true in the schema, false in the snapshot',
    ),
  )

  await rename(file('0002_bigger.down.sql'), file('0003_bigger.down.sql'))
  await finds('0002_bigger.sql has no 0002_bigger.down.sql', '0003_bigger.down.sql has no 0003_bigger.sql')
  await rename(file('0003_bigger.down.sql'), file('0002_bigger.down.sql'))

  await writeFile(file('0002_another.sql'), '')
  await writeFile(file('0002_another.down.sql'), '')
  await finds('0002_bigger.sql has the number of 0002_another.sql: generate it again, after it')
  for (const end of ['sql', 'down.sql'])
    await rename(file(`0002_another.${end}`), file(`0004_another.${end}`))
  await finds(
    '0004_another.sql follows 0002_bigger: a number is missing',
    '0004_another.sql has no meta/0004_snapshot.json',
  )
  for (const end of ['sql', 'down.sql']) await rm(file(`0004_another.${end}`))

  const snapshot = await readFile(file('meta/0002_snapshot.json'), 'utf8')
  await writeFile(file('meta/0003_snapshot.json'), snapshot)
  await finds('meta/0003_snapshot.json has no migration')
  await t.rejects(generate({ schema, folder, name: 'third' }), { message: /0003_snapshot.json belongs to/ })
  await rm(file('meta/0003_snapshot.json'))
  await writeFile(file('meta/0002_snapshot.json'), snapshot.replace(/"prevId": "[^"]*"/, '"prevId": ""'))
  await finds('meta/0002_snapshot.json was not made from the one before it: generate 0002 again')
  await writeFile(file('meta/0002_snapshot.json'), `<<<<<<< HEAD\n${snapshot}`)
  await t.rejects(check({ folder, schema }), {
    message: /0002_snapshot.json is not JSON: was a merge conflict/,
  })
})
