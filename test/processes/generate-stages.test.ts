// own process: it declares tables, which others would miss in their databases
/** Changes that need more than one transaction. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql as text } from 'drizzle-orm'
import { check as checkConstraint, index, integer, pgEnum, pgPolicy, pgTable } from 'drizzle-orm/pg-core'
import { check } from '../../scripts/db/check.js'
import { generate } from '../../scripts/db/generate.js'
import type { Schema } from '../../scripts/db/snapshots.js'
import { audited } from '../../src/db/declarations/audited.js'
import { downgrade, upgrade } from '../../src/db/migrate/index.js'
import { describeCatalog } from '../helpers/catalog.js'
import { createEmptyDatabase } from '../helpers/database.js'
import t, { type Test } from '../tap.js'

type Shelf = { values: [string, ...string[]]; standard: string; isIndexed?: boolean }

/** A schema in which a default, a partial index, a check and a policy depend on an enum value. */
function shelf({ values, standard, isIndexed = false }: Shelf) {
  const genre = pgEnum('genre', values)
  const books = pgTable(
    'books',
    {
      id: integer('id').primaryKey(),
      genre: genre('genre').notNull().default(standard),
      others: genre('others').array(),
    },
    (table) => [
      index('books_genre_idx')
        .on(table.id)
        .where(text.raw(`genre = '${standard}'`)),
      checkConstraint('books_genre_check', text.raw(`genre = '${standard}' or id > 0`)),
      pgPolicy('books_genre', { using: text.raw(`genre <> '${standard}' or true`) }),
      ...(isIndexed ? [index('books_id_idx').on(table.id.desc()).concurrently()] : []),
    ],
  )
  return { genre, books }
}

/**
 * Generates migrations from one schema to the next, applies them all, and reverts and reapplies
 * them one by one, with rows in the table.
 */
async function travel(t: Test, schemas: Schema[], names: string[][]) {
  const folder = t.testdir()
  const { url, sql } = await createEmptyDatabase(t)
  for (const [i, schema] of schemas.entries())
    t.strictSame(await generate({ schema, folder, name: 'shelf' }), names[i])
  t.strictSame(await check({ folder, schema: schemas.at(-1) ?? {} }), [])
  const steps = names.flat()
  const catalogs: string[][] = []
  for (const name of steps) {
    await upgrade(url, { folder, to: name })
    if (catalogs.length === 0) await sql`insert into books (id, genre) values (1, 'novel'), (2, default)`
    catalogs.push(await describeCatalog(sql))
  }
  for (const catalog of catalogs.slice(0, -1).reverse()) {
    await downgrade(url, { folder, target: { steps: 1 } })
    t.strictSame(await describeCatalog(sql), catalog)
  }
  t.strictSame(await upgrade(url, { folder }), steps.slice(1))
  t.strictSame(await describeCatalog(sql), catalogs.at(-1))
  t.equal((await sql`select from books`).length, 2)
  return { folder, url, sql }
}

const two = shelf({ values: ['novel', 'essay'], standard: 'essay' })
const three = shelf({ values: ['novel', 'essay', 'poem'], standard: 'poem' })

t.test('adds a value that is used at once in a separate migration', async (t) => {
  const names = [['0001_shelf'], ['0002_shelf_values', '0003_shelf']]
  const { folder, url, sql } = await travel(t, [two, three], names)
  await sql`insert into books (id) values (3)`
  const before = await describeCatalog(sql)
  await downgrade(url, { folder, target: { steps: 1 } })
  await t.rejects(downgrade(url, { folder, target: { steps: 1 } }), {
    message:
      /^0002_shelf_values.down.sql failed .*invalid input value for enum genre: "poem"\nNothing of this file was kept/,
  })
  t.match(
    await readFile(join(folder, '0002_shelf_values.down.sql'), 'utf8'),
    /removed value \(poem\): update/,
  )
  await upgrade(url, { folder })
  t.strictSame(await describeCatalog(sql), before)
})

t.test('removes an unused value last, so that the way back adds it first', async (t) => {
  const values = ['0003_shelf', '0004_shelf_drop_values']
  const only = shelf({ values: ['novel', 'essay', 'poem'], standard: 'essay' })
  await travel(t, [only, three, two], [['0001_shelf'], ['0002_shelf'], values])
})

t.test('adds or replaces a value alone in one migration', async (t) => {
  const added = shelf({ values: ['novel', 'poem', 'essay'], standard: 'essay' })
  const replaced = shelf({ values: ['novel', 'play', 'essay'], standard: 'essay' })
  await travel(t, [two, added, replaced], [['0001_shelf'], ['0002_shelf'], ['0003_shelf']])
})

t.test('puts a concurrent index into a file without a transaction', async (t) => {
  const indexed = shelf({ values: ['novel', 'essay', 'poem'], standard: 'poem', isIndexed: true })
  const { folder } = await travel(
    t,
    [two, indexed, two],
    [
      ['0001_shelf'],
      ['0002_shelf_values', '0003_shelf', '0004_shelf_indexes'],
      ['0005_shelf_drop_indexes', '0006_shelf', '0007_shelf_drop_values'],
    ],
  )
  const withoutTransaction = await Promise.all(
    (await readdir(folder))
      .filter((file) => file.endsWith('.sql'))
      .map(async (file) => {
        const script = await readFile(join(folder, file), 'utf8')
        return script.startsWith('-- no-transaction') ? [file] : []
      }),
  )
  t.strictSame(withoutTransaction.flat().sort(), [
    '0004_shelf_indexes.sql',
    '0005_shelf_drop_indexes.down.sql',
  ])
})

t.test('a changed audit declaration comes with a migration that records the newer version', async (t) => {
  const folder = t.testdir()
  const schema = shelf({ values: ['novel'], standard: 'novel' })
  audited(schema.books)
  await generate({ schema, folder, name: 'shelf' })
  t.strictSame(await check({ folder, schema }), [])
  audited(schema.books, { redact: ['genre'] })
  t.match(await check({ folder, schema }), [/^db:generate is due: books trigger/])
  t.strictSame(await generate({ schema, folder, name: 'redact' }), ['0002_redact'])
  t.match(await readFile(join(folder, '0002_redact.sql'), 'utf8'), /^-- Only the audit of tables has changed/)
  t.strictSame(await check({ folder, schema }), [])
  t.strictSame(await generate({ schema, folder, name: 'again' }), [])
})

t.test('check finds handwritten files that could never be applied', async (t) => {
  const folder = t.testdir()
  await generate({ schema: two, folder, name: 'shelf' })
  await generate({ schema: two, folder, name: 'more', custom: true })
  const finds = async (script: string, problem?: string) => {
    await writeFile(join(folder, '0002_more.sql'), script)
    const problems = await check({ folder, schema: two })
    t.strictSame(problems, problem === undefined ? [] : [`0002_more.sql ${problem}`], script)
  }
  const add = `ALTER TYPE genre ADD VALUE IF NOT EXISTS 'poem' BEFORE 'essay';`
  const used = 'adds poem to an enum and uses it before it is committed: use it in the next migration'
  await finds(`${add}\n--> statement-breakpoint\nUPDATE books SET genre = 'poem';`, used)
  await finds(`-- 'poem' at last\n${add}`)
  await finds(`CREATE TYPE genre AS ENUM ('a');\n${add}\nSELECT 'poem'::genre;`)
  const refused = (statement: string) =>
    `runs in a transaction, but this statement cannot: ${statement} Put it into a separate file that starts with -- no-transaction`
  for (const statement of [
    'CREATE UNIQUE INDEX CONCURRENTLY i ON books (id);',
    'DROP INDEX CONCURRENTLY i;',
    'REINDEX TABLE CONCURRENTLY books;',
    'ALTER TABLE books DETACH PARTITION old CONCURRENTLY;',
    'VACUUM books;',
  ]) {
    await finds(statement, refused(statement))
    await finds(`-- no-transaction\n${statement}`)
  }
  await finds('CREATE INDEX i ON books (id); -- not concurrently')
  await finds('REFRESH MATERIALIZED VIEW CONCURRENTLY shelf;')
})
