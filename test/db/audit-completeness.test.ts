// own process: it declares tables, which others would miss in their databases
import { spawnSync } from 'node:child_process'
import { eq, sql } from 'drizzle-orm'
import { pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { syncAuditTriggers } from '../../src/db/audit/triggers.js'
import { audited } from '../../src/db/declarations/audited.js'
import { sessions } from '../../src/db/schema/sessions.js'
import { users } from '../../src/db/schema/users.js'
import { runInContext, withActor } from '../../src/lib/audit/context.js'
import { openAuditTest } from '../helpers/audit.js'
import { findContradictions } from '../helpers/audit-consistency.js'
import { moved } from '../helpers/moved.js'
import { run } from '../helpers/process.js'
import t from '../tap.js'

const person = (email: string) => ({ email, firstName: 'Ada', lastName: 'Test' })
const inAYear = () => new Date(Date.now() + 365 * 86_400_000)

const teams = pgTable('teams', { id: uuid('id').primaryKey(), name: text('name') })
const members = pgTable('members', { id: uuid('id').primaryKey(), teamId: uuid('team_id') })
const badges = pgTable('badges', { id: uuid('id').primaryKey(), memberId: uuid('member_id') })
for (const table of [teams, members, badges]) audited(table)

t.test('cascading foreign keys leave entries down to the last table', async (t) => {
  const { db, owner, newEntries } = await openAuditTest(t)
  await owner.unsafe(`
    create table teams (id uuid primary key, name text);
    create table members (id uuid primary key, team_id uuid default null references teams on delete set null on update cascade);
    create table badges (id uuid primary key, member_id uuid references members on delete cascade);
    grant select, insert, update, delete on teams, members, badges to public`)
  await syncAuditTriggers(owner)
  const [a, b, c] = ['a', 'b', 'c'].map((digit) => `0199d3a4-6f2c-7b1e-9c55-${digit.repeat(12)}`) as [
    string,
    string,
    string,
  ]
  await withActor('job:fill', async () => {
    await db.insert(teams).values({ id: a, name: 'A' })
    await db.insert(members).values([
      { id: a, teamId: a },
      { id: b, teamId: a },
    ])
    await db.insert(badges).values({ id: c, memberId: a })
  })
  await newEntries()
  const as = async (actor: string, write: PromiseLike<unknown>, expected: string[]) => {
    await withActor(`job:${actor}`, async () => write)
    const entries = (await newEntries()).sort()
    t.same(
      entries,
      expected.map((entry) => `job:${actor} ${entry}`),
      actor,
    )
  }
  await as('rename', db.update(teams).set({ id: c }), ['members update', 'members update', 'teams update'])
  await as('set-null', db.delete(teams), ['members update', 'members update', 'teams delete'])
  await as('cascade', db.delete(members).where(eq(members.id, a)), ['badges delete', 'members delete'])
  const [last] = await moved(owner)`
    select state_after ->> 'team_id' as team from audit.audit_log
    where table_name = 'members' and action = 'update' order by id desc limit 1`
  t.equal(last?.team, null)
})

t.test('raw SQL of every kind is attributed to its actor', async (t) => {
  const { db, newEntries } = await openAuditTest(t)
  const texts: [string, string[]][] = [
    [
      `merge into users u using (values ('m@example.com')) as v (email) on u.email = v.email
       when matched then update set last_name = 'Again' when not matched then insert (email, first_name, last_name) values (v.email, 'M', 'M')`,
      ['create'],
    ],
    [
      `merge into users u using (values ('m@example.com')) as v (email) on u.email = v.email when matched then update set last_name = 'Again'`,
      ['update'],
    ],
    [
      `insert into users (email, first_name, last_name) values ('m@example.com', 'M', 'M'), ('n@example.com', 'N', 'N')
       on conflict (email) do update set last_name = 'Upserted'`,
      ['create', 'update'],
    ],
    [
      `with gone as (delete from users where email = 'n@example.com' returning *),
         changed as (update users set last_name = 'CTE' where email = 'm@example.com' returning *)
       select count(*) from gone, changed`,
      ['delete', 'update'],
    ],
    [`do $$ begin update users set last_name = 'Block'; end $$`, ['update']],
    [`merge into users u using (values (1)) as v on true when matched then delete`, ['delete']],
  ]
  for (const [text, actions] of texts) {
    await withActor('job:raw', async () => db.execute(text))
    const entries = (await newEntries()).sort()
    t.same(
      entries,
      actions.map((action) => `job:raw users ${action}`),
      text,
    )
  }
})

t.test(
  'a failed statement rolls back the earlier changes of its transaction, entries included',
  async (t) => {
    const { db, owner, newEntries, addUser } = await openAuditTest(t)
    const { id, email } = await addUser()
    await newEntries()
    const failing = [
      async () => db.insert(users).values([person('new@example.com'), person(email)]),
      () =>
        db.transaction(async (tx) => {
          await tx.update(users).set({ firstName: 'Good' })
          await tx.insert(sessions).values({ userId: id, expiresAt: inAYear() })
          await tx.insert(users).values(person(email))
        }),
      () =>
        db.transaction(async (tx) => {
          await tx.transaction(async (inner) => {
            await inner.update(users).set({ firstName: 'Inner' })
            await inner.transaction(async (innermost) => innermost.delete(users))
          })
          // Only the commit fails, because the error of the statement is caught.
          await tx.execute(sql`select 1 / 0`).catch(() => undefined)
        }),
      // Fails after the update wrote its rows and the trigger its entries.
      async () =>
        db.execute(
          sql`with w as (update users set first_name = 'W' returning 1) select 1 / (select 0 from w)`,
        ),
    ]
    for (const run of failing) await t.rejects(withActor('job:failing', async () => run()))
    t.same(await newEntries(), [])
    t.same(await owner`select first_name as name from users`, [{ name: 'Ada' }])
    t.same(await owner`select from sessions`, [])
  },
)

t.test('attributes the interleaved transactions of twenty users on two connections correctly', async (t) => {
  const { db, owner } = await openAuditTest(t)
  const people = await db
    .insert(users)
    .values(Array.from({ length: 20 }, (_, i) => person(`user-${i}@example.com`)))
    .returning({ id: users.id })

  const act = async (userId: string, round: number) => {
    const requestId = `${userId} ${round}`
    const rename = { firstName: requestId.slice(-40) }
    await runInContext({ actor: 'user', userId, requestId }, async () => {
      if (round % 4 === 0) await db.update(users).set(rename).where(eq(users.id, userId))
      else if (round % 4 === 1)
        await db.execute(sql`update users set first_name = ${rename.firstName} where id = ${userId}`)
      else
        await db
          .transaction(async (tx) => {
            await tx
              .update(users)
              .set({ lastName: `Round ${round}` })
              .where(eq(users.id, userId))
            await tx.transaction(async (inner) =>
              inner.insert(sessions).values({ userId, expiresAt: inAYear() }),
            )
            await tx
              .transaction(async (inner) => {
                await inner.delete(sessions)
                throw new Error('back to the savepoint')
              })
              .catch(() => undefined)
            await tx.update(users).set(rename).where(eq(users.id, userId))
            if (round % 4 === 3) tx.rollback()
          })
          .catch(() => undefined)
    })
  }
  await Promise.all(
    people.map(async ({ id }) => {
      for (let round = 0; round < 8; round += 1) await act(id, round)
    }),
  )

  const [entries] = await moved(owner)`
    select count(*)::int as number, count(*) filter (where
      user_id::text = split_part(request_id, ' ', 1)
      and user_id::text = coalesce(state_after ->> 'user_id', object_id)
      and (state_after ->> 'last_name' = 'Round ' || split_part(request_id, ' ', 2)
        or right(request_id, 40) = state_after ->> 'first_name' or table_name = 'sessions'))::int as right
    from audit.audit_log where actor = 'user'`
  t.same(entries, { number: 20 * 2 * (1 + 1 + 3), right: 20 * 2 * (1 + 1 + 3) })
  t.same(await findContradictions(owner), [])
})

const skip = spawnSync('psql', ['--version']).status !== 0 && 'psql is not installed'

t.test('attributes statements typed into psql to psql', { skip }, async (t) => {
  const { database, newEntries, addUser } = await openAuditTest(t)
  await addUser()
  await newEntries()
  const typed = `update users set first_name = 'Typed'`
  t.match(await run(t, ['psql', database.url, '-c', typed]), { code: 0, stdout: 'UPDATE 1\n' })
  t.same(await newEntries(), ['cli:psql users update'])
})
