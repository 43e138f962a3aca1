import { type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../../src/db/driver/client.js'
import { type Perishable, purge } from '../../src/db/queries/retention/purge.js'
import { openAuditTest } from '../helpers/audit.js'
import { connect } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import t from '../tap.js'

/** The time of the transaction in the precision of the columns. */
const NOW = sql`date_trunc('milliseconds', now())`
const MS = sql`interval '1 millisecond'`

/** Reads within the transaction that wrote the rows, in which `now()` does not advance. */
async function textsOf(tx: Tx, query: SQL): Promise<unknown[]> {
  const rows = await tx.execute<{ text: string }>(query)
  return rows.map(({ text }) => text)
}

async function addUser(tx: Tx): Promise<SQL> {
  const [user] = await tx.execute<{ id: string }>(sql`insert into users (email, first_name, last_name)
    values ('ada@example.com', 'Ada', 'Test') returning id`)
  return sql`${user?.id}::uuid`
}

t.test('deletes sessions thirty days after their end, however they ended', async (t) => {
  const { db, newEntries } = await openAuditTest(t)
  await db.transaction(async (tx) => {
    const user = await addUser(tx)
    const over = sql`${NOW} - interval '30 days'`
    await tx.execute(sql`insert into sessions (user_id, ip, created_at, ended_at, expires_at) values
      (${user}, 'live', ${over}, null, ${NOW} + ${MS}),
      (${user}, 'just expired', ${over}, null, ${NOW}),
      (${user}, 'ended, not long enough ago', ${over}, ${over} + ${MS}, ${NOW} + interval '1 day'),
      (${user}, 'ended after it expired', ${over}, ${NOW}, ${over} + ${MS}),
      (${user}, 'gone: ended', ${over}, ${over}, ${NOW} + interval '1 day'),
      (${user}, 'gone: expired', ${over}, null, ${over}),
      (${user}, 'gone: both', ${over}, ${NOW}, ${over})`)
    t.equal(await purge(tx, 'sessions'), 3)
    const kept = await textsOf(tx, sql`select ip as text from sessions order by id`)
    t.strictSame(kept, ['live', 'just expired', 'ended, not long enough ago', 'ended after it expired'])
  })
  const deletes = (await newEntries()).filter((entry) => entry.endsWith('sessions delete'))
  t.equal(deletes.length, 3, 'each deletion leaves an entry')
})

t.test('deletes tokens that are no longer needed', async (t) => {
  const { db } = await openAuditTest(t)
  await db.transaction(async (tx) => {
    const user = await addUser(tx)
    await tx.execute(sql`insert into mailed_tokens (user_id, purpose, email, token_hash, key_id, security_version, expires_at)
      values (${user}, 'verify_email', 'live', 'a', 'k', 1, ${NOW} + ${MS}),
      (${user}, 'reset_password', 'over', 'b', 'k', 1, ${NOW})`)
    t.equal(await purge(tx, 'mailedTokens'), 1)
    t.strictSame(await textsOf(tx, sql`select email as text from mailed_tokens`), ['live'])

    const session = sql`(select id from sessions)`
    await tx.execute(
      sql`insert into sessions (user_id, expires_at) values (${user}, ${NOW} + interval '1 day')`,
    )
    await tx.execute(sql`insert into refresh_tokens (session_id, token_hash, expires_at, spent_at) values
      (${session}, 'live', ${NOW} + ${MS}, null), (${session}, 'spent', ${NOW} + ${MS}, ${NOW} - interval '29 days'),
      (${session}, 'over', ${NOW}, null), (${session}, 'spent and over', ${NOW}, ${NOW} - interval '29 days')`)
    t.equal(await purge(tx, 'refreshTokens'), 2)
    const kept = sql`select convert_from(token_hash, 'utf8') as text from refresh_tokens order by id`
    t.strictSame(
      await textsOf(tx, kept),
      ['live', 'spent'],
      'keeps a consumed token, because its reuse reveals a theft',
    )
  })
})

t.test('deletes unconfirmed accounts two weeks after their last registration', async (t) => {
  const { db, newEntries } = await openAuditTest(t)
  await db.transaction(async (tx) => {
    const over = sql`${NOW} - interval '14 days'`
    const add = (name: string, ...registeredAt: SQL[]) =>
      tx.execute(sql`with new as (insert into users (email, first_name, last_name) values (${name}, 'A', 'B') returning id)
        insert into registrations (user_id, password_hash, first_name, last_name, created_at)
        select id, 'hash', 'A', 'B', at from new, unnest(array[${sql.join(registeredAt, sql`, `)}]::timestamptz[]) as at`)
    await add('gone', over, sql`${over} - interval '1 day'`)
    await add('registered again', over, sql`${over} + ${MS}`)
    await add('link is live', over)
    await add('prepared')
    await add('confirmed', over)
    await tx.execute(sql`insert into mailed_tokens (user_id, purpose, email, token_hash, key_id, security_version, expires_at)
      select id, 'verify_email', email, 'a', 'k', 1, ${NOW} + ${MS} from users where email = 'link is live'`)
    await tx.execute(sql`update users set status = 'active' where email = 'confirmed'`)
    t.equal(await purge(tx, 'unconfirmedAccounts'), 1)
    const kept = await textsOf(tx, sql`select email as text from users order by id`)
    t.strictSame(kept, ['registered again', 'link is live', 'prepared', 'confirmed'])
  })
  const deletes = (await newEntries()).filter((entry) => entry.endsWith('users delete'))
  t.equal(deletes.length, 1)
})

t.test('deletes expired invitations of every organization', async (t) => {
  const { db, newEntries } = await openAuditTest(t)
  await db.transaction(async (tx) => {
    await tx.execute(sql`select set_config('app.scope', 'platform', true)`)
    for (const name of ['one', 'two']) {
      await tx.execute(sql`with new as (insert into organizations (name, slug) values (${name}, ${name}) returning id)
        insert into invitations (organization_id, email, role, token_hash, key_id, expires_at)
        select id, ${name} || '-live', 'member'::organization_role, ${name}::bytea, 'k', ${NOW} + ${MS} from new
        union all select id, ${name} || '-over', 'member', ('over' || ${name})::bytea, 'k', ${NOW} from new`)
    }
    await tx.execute(sql`select set_config('app.scope', '', true)`)
    t.equal(await purge(tx, 'invitations'), 2)
    await tx.execute(sql`select set_config('app.scope', 'platform', true)`)
    const kept = await textsOf(tx, sql`select email as text from invitations order by id`)
    t.strictSame(kept, ['one-live', 'two-live'])
  })
  const deletes = (await newEntries()).filter((entry) => entry.endsWith('invitations delete'))
  t.equal(deletes.length, 2)
})

const byAge: [Perishable, string, (age: SQL, name: string) => SQL, SQL][] = [
  [
    'accessRevocations',
    '25 hours',
    (at, name) =>
      sql`insert into access_revocations (subject_id, revoked_at) values (md5(${name})::uuid, ${at})`,
    sql`select case when subject_id = md5('kept')::uuid then 'kept' else 'gone' end as text from access_revocations`,
  ],
  [
    'signInThrottles',
    '24 hours',
    (at, name) => sql`insert into sign_in_throttles (address_hash, failures, last_failure_at)
      values (${name}::bytea, 1, ${at})`,
    sql`select convert_from(address_hash, 'utf8') as text from sign_in_throttles`,
  ],
  [
    'mailCounts',
    '1 hour',
    (at, name) => sql`insert into mail_counts (subject_hash, times, expires_at)
      values (${name}::bytea, array[${at}], ${at} + interval '1 hour')`,
    sql`select convert_from(subject_hash, 'utf8') as text from mail_counts`,
  ],
  [
    'doneJobs',
    '7 days',
    (at, name) => sql`insert into outbox (job, payload, done_at) values (${name}, '{}', ${at})`,
    sql`select job as text from outbox order by job desc`,
  ],
]

for (const [perishable, age, insert, list] of byAge) {
  t.test(`deletes ${perishable} after ${age}`, async (t) => {
    const { db } = await openAuditTest(t)
    await db.transaction(async (tx) => {
      const limit = sql`${NOW} - ${age}::interval`
      await tx.execute(insert(limit, 'gone'))
      await tx.execute(insert(sql`${limit} + ${MS}`, 'kept'))
      t.equal(await purge(tx, perishable), 1)
      t.strictSame(await textsOf(tx, list), ['kept'])
    })
  })
}

t.test('keeps open and failed jobs of any age, and deletes any number of finished ones', async (t) => {
  const { db, owner } = await openAuditTest(t)
  await owner`insert into outbox (job, payload, created_at, failed_at) values
    ('open', '{}', now() - interval '1 year', null), ('failed', '{}', now() - interval '1 year', now() - interval '1 year')`
  await owner`insert into outbox (job, payload, done_at)
    select 'done', '{}', now() - interval '8 days' from generate_series(1, 2001)`
  t.equal(await purge(db, 'doneJobs'), 2001)
  t.strictSame([...(await owner`select job from outbox order by job`)], [{ job: 'failed' }, { job: 'open' }])
})

t.test('keeps a row that is renewed while the purge waits for it', async (t) => {
  const { db, owner, database } = await openAuditTest(t)
  const admin = connect(t, database.adminUrl)
  await owner`insert into access_revocations (subject_id, revoked_at)
    values (gen_random_uuid(), now() - interval '2 days')`
  const purging = await owner.begin(async (renewing) => {
    await renewing`update access_revocations set revoked_at = now()`
    const pending = purge(db, 'accessRevocations')
    await eventually(async () => {
      const [row] = await admin`select count(*)::int as waiting from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`
      return row?.waiting === 1
    })
    return { pending }
  })
  t.equal(await purging.pending, 0)
  t.equal((await owner`select from access_revocations`).length, 1)
})
