import { eq, inArray, sql } from 'drizzle-orm'
import { createDatabaseClient, type Db } from '../../src/db/driver/client.js'
import { users } from '../../src/db/schema/users.js'
import { withActor } from '../../src/lib/audit/context.js'
import { clientOptions, openAuditTest } from '../helpers/audit.js'
import t from '../tap.js'

const rename = (db: Db, firstName: string) => db.update(users).set({ firstName })
const rawRename = (db: Db, name: string) => db.execute(sql`update users set first_name = ${name}`)

t.test('a connection never carries a context over to its next use', async (t) => {
  const { db, sql: other, newEntries, addUser } = await openAuditTest(t, { poolMax: 1 })
  const { id } = await addUser()
  await newEntries()
  const context = async () => {
    const setting = sql<string>`current_setting('audit.ctx', true)`
    const [row] = await db.select({ setting }).from(users)
    return row?.setting
  }
  const failing = [
    () => db.update(users).set({ id }).where(sql`1 / 0 = 1`),
    () => db.execute(sql`update users set first_name = 1 / 0`),
    () =>
      db.transaction(async (tx) => {
        await rename(tx, 'Undone')
        throw new Error('changed my mind')
      }),
  ]
  const succeeding = [
    () => rename(db, 'One'),
    () => db.update(users).set({ firstName: 'None' }).where(sql`false`),
    () => rawRename(db, 'Two'),
    () => db.transaction(async (tx) => rename(tx, 'Three')),
    () => db.transaction((tx) => tx.transaction(async (inner) => rename(inner, 'Four'))),
  ]
  for (const run of succeeding) {
    await withActor('job:mine', async () => run())
    t.equal(await context(), '')
  }
  for (const run of failing) {
    await t.rejects(withActor('job:mine', async () => run()))
    t.equal(await context(), '')
  }
  t.same(
    await newEntries(),
    Array(4).fill('job:mine users update'),
    'a failed or empty write leaves no entry',
  )

  await Promise.all([
    withActor('job:a', async () => rename(db, 'A')),
    rename(db, 'Nobody'),
    withActor('job:b', () => rawRename(db, 'B')),
    other`update users set first_name = 'Other'`,
  ])
  t.same((await newEntries()).sort(), [
    'cli:test users update',
    'cli:test users update',
    'job:a users update',
    'job:b users update',
  ])
})

t.test('attributes each write in a transaction to its own actor', async (t) => {
  const { db, newEntries, addUser } = await openAuditTest(t)
  await addUser()
  await newEntries()
  const as = (actor: string, write: () => PromiseLike<unknown>) =>
    withActor(`job:${actor}`, async () => write())

  await as('outer', () =>
    db.transaction(async (tx) => {
      await rename(tx, '1')
      await as('other', () => rename(tx, '2'))
      await as('other', () => rawRename(tx, '3'))
      await rawRename(tx, '4')
      await as('inner', () => tx.transaction(async (inner) => rename(inner, '5')))
      await rename(tx, '6')
      await t.rejects(
        as('undone', () =>
          tx.transaction(async (inner) => {
            await rename(inner, '7')
            throw new Error('back to the savepoint')
          }),
        ),
      )
      await rename(tx, '8')
      await as('again', async () => {
        const undone = tx.transaction((inner) => rename(inner, '9').then(() => inner.rollback()))
        await t.rejects(undone, 'the setting of this context is rolled back')
        await rename(tx, '10')
      })
    }),
  )
  t.same(
    (await newEntries()).map((entry) => entry.replace(/job:| users update/g, '')),
    ['outer', 'other', 'other', 'outer', 'inner', 'outer', 'outer', 'again'],
  )
  await db.transaction(async (tx) => as('late', () => rename(tx, '11')))
  t.same(
    await newEntries(),
    ['job:late users update'],
    'applies to a transaction that began without a context',
  )
})

t.test('a connection that breaks or refuses fails the write and nothing else', async (t) => {
  // An unhandled rejection would fail this file.
  const { db, newEntries, addUser, database } = await openAuditTest(t, { poolMax: 1 })
  await addUser()
  await newEntries()
  const die = sql`select pg_terminate_backend(pg_backend_pid())`
  await withActor('job:dying', async () => {
    await t.rejects(db.execute(die))
    await t.rejects(db.transaction((tx) => tx.execute(die)))
    await t.rejects(
      db.transaction(async (tx) => Promise.all([rename(tx, 'Lost'), tx.execute(die), rename(tx, 'Lost')])),
    )
    await t.rejects(db.transaction(async () => undefined, { isolationLevel: 'no such level' as never }))
    await t.rejects(
      db.transaction(async (tx) => {
        await t.rejects(tx.execute(sql`select 1 / 0`), { cause: { code: '22012' } })
        // The transaction is aborted: neither this write nor the preceding setting can succeed.
        await withActor('job:other', async () => rename(tx, 'Lost'))
      }),
      { cause: { code: '22012' } },
    )
    await rename(db, 'Kept')
  })
  t.same(await newEntries(), ['job:dying users update'])

  const refused = new URL(database.url)
  refused.port = '1'
  const nowhere = createDatabaseClient(clientOptions(refused.href))
  t.teardown(nowhere.close)
  await withActor('job:refused', async () => {
    await t.rejects(async () => rename(nowhere.db, 'Lost'))
    await t.rejects(async () => rawRename(nowhere.db, 'Lost'))
    await t.rejects(nowhere.db.transaction(async (tx) => rename(tx, 'Lost')))
  })
})

t.test('prepared statements are bounded in number and shared by transactions', async (t) => {
  const { db, addUser } = await openAuditTest(t, { poolMax: 1 })
  const { id } = await addUser()
  const countText = async (text: string) => {
    const [row] = await db.execute(
      sql`select count(*) from pg_prepared_statements where statement like ${text}`,
    )
    return Number(row?.count)
  }

  for (let i = 0; i < 5; i += 1)
    await db.transaction(async (tx) => tx.select().from(users).where(eq(users.id, id)))
  t.equal(await countText('%from "users" where "users"."id" = $1'), 1, 'prepares the same text once')

  await db
    .select()
    .from(users)
    .where(inArray(users.id, Array(65).fill(id)))
  await db.execute(sql`select ${'a'}::text, ${sql.raw(`'${'x'.repeat(9_000)}'`)}`)
  t.equal(await countText(`%${'x'.repeat(100)}%`), 0, 'prepares no long text')
  t.equal(await countText('%$65%'), 0, 'prepares no text with many parameters')

  for (let i = 0; i < 600; i += 1) {
    const query = sql`select ${i}::int as ${sql.identifier(`n${i}`)}`
    if (i % 2) await db.execute(query)
    else await db.transaction((tx) => tx.execute(query))
  }
  const prepared = await countText('%')
  t.ok(prepared >= 500 && prepared < 520, `${prepared} of 600 are prepared`)
})
