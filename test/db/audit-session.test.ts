import { eq, gt, inArray, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Db } from '../../src/db/driver/client.js'
import { outbox } from '../../src/db/schema/outbox.js'
import { sessions } from '../../src/db/schema/sessions.js'
import { type User, users } from '../../src/db/schema/users.js'
import { withActor } from '../../src/lib/audit/context.js'
import { openAuditTest } from '../helpers/audit.js'
import t from '../tap.js'

const person = (email: string) => ({ email, firstName: 'Ada', lastName: 'Test' })
const inAYear = () => new Date(Date.now() + 365 * 86_400_000)
const named = (firstName: string) => ({ firstName })
const is = (user: User) => eq(users.id, user.id)

const copyOfSession = (userId: SQL) =>
  sql`select uuid_v7(), ${userId}, now(), now(), now(), null, 'copied', null, null from users`

type Shape = [title: string, write: (db: Db, user: User) => PromiseLike<unknown>, entries: string[]]

/** Every kind of write in drizzle, with the entries that it must leave. */
const SHAPES: Shape[] = [
  [
    'insert of rows, without RETURNING',
    (db) => db.insert(users).values([person('two@example.com'), person('three@example.com')]),
    ['users create', 'users create'],
  ],
  [
    'insert, with RETURNING',
    (db) => db.insert(users).values(person('four@example.com')).returning(),
    ['users create'],
  ],
  [
    'upsert',
    (db, user) =>
      db
        .insert(users)
        .values(person(user.email))
        .onConflictDoUpdate({ target: users.email, set: named('Up') }),
    ['users update'],
  ],
  [
    'upsert that does nothing',
    (db, user) => db.insert(users).values(person(user.email)).onConflictDoNothing(),
    [],
  ],
  [
    'insert from a select of the builder',
    (db) =>
      db.insert(sessions).select(
        db
          .select({
            id: sql<string>`uuid_v7()`.as('id'),
            userId: users.id,
            createdAt: users.createdAt,
            lastUsedAt: users.createdAt,
            expiresAt: users.updatedAt,
            endedAt: users.emailVerifiedAt,
            ip: users.firstName,
            userAgent: users.lastName,
            cookieHash: sql`null::bytea`.as('cookie_hash'),
          })
          .from(users)
          .orderBy(users.id)
          .limit(2),
      ),
    ['sessions create', 'sessions create'],
  ],
  [
    'insert from a raw select that ends with a comment',
    (db, user) =>
      db.insert(sessions).select(sql`${copyOfSession(sql`id`)} where email = ${user.email} -- and no more`),
    ['sessions create'],
  ],
  ['update', (db, user) => db.update(users).set(named('One')).where(is(user)), ['users update']],
  [
    'update that returns one column',
    (db, user) => db.update(users).set(named('Two')).where(is(user)).returning({ id: users.id }),
    ['users update'],
  ],
  [
    'update from another table, with a join',
    (db) =>
      db
        .update(users)
        .set(named('Three'))
        .from(sessions)
        .leftJoin(outbox, eq(outbox.job, sessions.ip))
        .where(eq(sessions.userId, users.id))
        .returning(),
    ['users update', 'users update'],
  ],
  [
    'update by an alias',
    (db, user) => {
      const u = alias(users, 'u')
      return db.update(u).set(named('Four')).where(eq(u.id, user.id))
    },
    ['users update'],
  ],
  [
    'update with a CTE that reads',
    (db, user) => {
      const chosen = db.$with('chosen').as(db.select({ id: users.id }).from(users).where(is(user)))
      return db
        .with(chosen)
        .update(users)
        .set(named('Five'))
        .where(inArray(users.id, db.select({ id: chosen.id }).from(chosen)))
    },
    ['users update'],
  ],
  [
    'select from a CTE that writes',
    (db, user) => {
      const changed = db.$with('changed').as(db.update(users).set(named('Six')).where(is(user)).returning())
      return db.with(changed).select().from(changed)
    },
    ['users update'],
  ],
  [
    'a CTE that writes under a statement that changes no row',
    (db) => {
      const ended = db.$with('ended').as(db.delete(sessions).returning())
      return db
        .with(ended)
        .update(users)
        .set(named('Seven'))
        .where(inArray(users.id, db.select({ id: ended.userId }).from(ended).where(sql`false`)))
    },
    ['sessions delete', 'sessions delete', 'sessions delete'],
  ],
  [
    'a write to an unaudited table whose trigger writes to an audited one',
    (db) => db.insert(outbox).values({ job: 'rename', payload: {} }),
    ['users update'],
  ],
  [
    'raw SQL',
    (db, user) => db.execute(sql`update users set first_name = 'Raw' where id = ${user.id}`),
    ['users update'],
  ],
  [
    'raw SQL behind a comment',
    (db) =>
      db.execute("-- why\n/* and so on */ update users set first_name = 'Noted'\nwhere first_name = 'Raw'"),
    ['users update'],
  ],
  [
    'raw SQL that writes in a function',
    (db, user) => db.execute(sql`select rename_user(${user.email})`),
    ['users update'],
  ],
  [
    'delete that cascades',
    async (db, user) => {
      await db.insert(sessions).values({ userId: user.id, expiresAt: inAYear() })
      return db.delete(users).where(is(user)).returning({ id: users.id })
    },
    ['sessions create', 'users delete', 'sessions delete'],
  ],
]

t.test('every write passes its context to the triggers, alone and in a transaction', async (t) => {
  const { db, owner, newEntries, addUser } = await openAuditTest(t)
  await owner.unsafe(`
    create function rename_user(address text) returns void language sql as
      'update users set first_name = ''Renamed'' where email = address';
    create function rename_first() returns trigger language plpgsql as
      $$ begin update users set first_name = 'By trigger' where id = (select min(id::text)::uuid from users); return null; end $$;
    create trigger rename_first after insert on outbox for each row when (new.job = 'rename')
      execute function rename_first()`)

  const runAll = async (
    surround: (write: (db: Db) => PromiseLike<unknown>) => Promise<unknown>,
    way: string,
  ) => {
    await owner`delete from users`
    const user = await addUser()
    await newEntries()
    for (const [title, write, entries] of SHAPES) {
      await withActor(`job:${way}`, () => surround((db) => write(db, user)))
      t.same(
        (await newEntries()).sort(),
        entries.map((entry) => `job:${way} ${entry}`).sort(),
        `${title} (${way})`,
      )
    }
  }
  await runAll(async (write) => write(db), 'alone')
  await runAll((write) => db.transaction(async (tx) => write(tx)), 'transaction')
  await runAll((write) => db.transaction((tx) => tx.transaction(async (inner) => write(inner))), 'savepoint')
})

t.test('a write returns what drizzle returns without the context', async (t) => {
  const { db, addUser } = await openAuditTest(t)
  const user = await addUser()
  await withActor('job:answers', async () => {
    const updated = await db.update(users).set(named('One'))
    t.equal(updated.count, 1, 'returns a count')
    t.same([...updated], [], 'returns no rows')
    t.same(await db.update(users).set(named('Two')).returning({ name: users.firstName }), [{ name: 'Two' }])
    const [row] = await db.update(users).set(named('Three')).returning()
    t.same(row, { ...user, firstName: 'Three', updatedAt: row?.updatedAt })

    for (const run of [db.execute.bind(db), (query: SQL) => db.transaction((tx) => tx.execute(query))]) {
      const raw = await run(sql`update users set first_name = 'Four' returning first_name as name, id`)
      t.same([...raw], [{ name: 'Four', id: user.id }], 'returns the rows of raw SQL')
      t.equal(raw.count, 1)
      t.equal(raw.command, 'UPDATE')
    }
    t.equal(await db.$count(users, gt(users.createdAt, new Date(0))), 1)
    await t.rejects(db.execute(sql`update users set no_such_column = 1`), { cause: { code: '42703' } })
    t.equal(await db.transaction(async () => 'done', { isolationLevel: 'serializable' }), 'done')
    const level = await db.transaction((tx) => tx.execute(sql`show transaction isolation level`), {
      isolationLevel: 'repeatable read',
    })
    t.same([...level], [{ transaction_isolation: 'repeatable read' }])
  })
})

t.test('a prepared statement carries the context of each of its runs', async (t) => {
  const { db, newEntries, addUser } = await openAuditTest(t)
  const { id } = await addUser()
  await newEntries()
  const rename = db
    .update(users)
    .set({ firstName: sql`${sql.placeholder('name')}` })
    .where(eq(users.id, sql.placeholder('id')))
    .returning({ name: users.firstName })
    .prepare('rename_user')
  t.same(await withActor('job:one', () => rename.execute({ id, name: 'One' })), [{ name: 'One' }])
  t.same(await withActor('job:two', () => rename.execute({ id, name: 'Two' })), [{ name: 'Two' }])
  t.same(await rename.execute({ id, name: 'Three' }), [{ name: 'Three' }])
  t.same(await newEntries(), ['job:one users update', 'job:two users update', 'cli:test users update'])
})
