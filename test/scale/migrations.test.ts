import type postgres from 'postgres'
import { check } from '../../scripts/db/check.js'
import { findAuditProblems } from '../../src/db/audit/triggers.js'
import { afterMigration, MIGRATIONS_FOLDER, prepareDatabase } from '../../src/db/lifecycle/setup.js'
import { downgrade, listMigrations, upgrade } from '../../src/db/migrate/index.js'
import * as schema from '../../src/db/schema/index.js'
import { describeCatalog } from '../helpers/catalog.js'
import { connect, createEmptyDatabase } from '../helpers/database.js'
import t, { type Test } from '../tap.js'

const folder = MIGRATIONS_FOLDER

/** Runs migrations with the triggers, partitions and grants that follow each run in production. */
async function createDatabaseToMigrate(t: Test) {
  const database = await createEmptyDatabase(t)
  const { url, appRole } = database
  const after = (session: postgres.Sql) => afterMigration(session, { appRole })
  // The first run grants the application its right to use the schema, which no downgrade revokes.
  await downgrade(url, { folder, after, target: { to: 'base' } })
  return {
    ...database,
    up: (to?: string) => upgrade(url, { folder, after, ...(to && { to }) }),
    down: (target: { steps: number } | { to: string }) => downgrade(url, { folder, after, target }),
    prepare: () => prepareDatabase({ migrationUrl: url, appRole }),
  }
}

t.test('every migration can be reverted and reapplied, one by one, with the same catalog', async (t) => {
  const { sql, up, down } = await createDatabaseToMigrate(t)
  const catalogs = [await describeCatalog(sql)]
  const names = await listMigrations(folder)
  for (const name of names) {
    t.strictSame(await up(name), [name])
    const reached = await describeCatalog(sql)
    t.strictSame(await down({ steps: 1 }), [name])
    t.strictSame(await describeCatalog(sql), catalogs.at(-1), `reverting ${name} leaves nothing`)
    t.strictSame(await up(name), [name])
    t.strictSame(await describeCatalog(sql), reached, `reapplying ${name} restores the same catalog`)
    catalogs.push(reached)
  }
  t.ok(names.length > 0)
})

t.test('all the way up, down to an empty database and up again gives the same catalog', async (t) => {
  const { sql, up, down } = await createDatabaseToMigrate(t)
  const empty = await describeCatalog(sql)
  const names = await up()
  const newest = await describeCatalog(sql)
  t.ok(newest.some((line) => line.startsWith('trigger CREATE TRIGGER audit_capture')))
  t.strictSame(await down({ to: 'base' }), names.toReversed())
  t.strictSame(await describeCatalog(sql), empty)
  t.strictSame(await up(), names)
  t.strictSame(await describeCatalog(sql), newest)
})

t.test('rows survive a step down and up that does not concern them', async (t) => {
  const { sql, up, down } = await createDatabaseToMigrate(t)
  const names = await up()
  const users = names.find((name) => name.endsWith('_users_and_sessions'))
  await sql`insert into users (email, first_name, last_name) values ('ada@example.com', 'Ada', 'Lovelace')`
  await down({ to: String(users) })
  await up()
  t.match(await sql`select email, first_name, role, status from users`, [
    { email: 'ada@example.com', first_name: 'Ada', role: 'user', status: 'pending' },
  ])
})

t.test('an unconfirmed password leaves the account on the way up and returns on the way down', async (t) => {
  const { sql, up, down } = await createDatabaseToMigrate(t)
  const names = await listMigrations(folder)
  const at = names.findIndex((name) => name.endsWith('_mailed_token_states'))
  await up(names[at - 1])
  await sql`insert into users (email, password_hash, first_name, last_name, status) values
    ('pending', 'hash', 'Ada', 'Lovelace', 'pending'), ('prepared', null, 'Ada', 'Lovelace', 'pending'),
    ('active', 'kept', 'Ada', 'Lovelace', 'active')`
  await sql`insert into mailed_tokens (user_id, purpose, email, token_hash, key_id, expires_at)
    select id, 'verify_email', mailbox, mailbox::bytea, 'k', now() + interval '1 day'
    from users join (values ('pending', 'pending'), ('active', 'new')) as link (owner, mailbox) on owner = email`
  const before = await sql`select email, password_hash from users order by email`
  await up(names[at])
  t.strictSame(
    [...(await sql`select email, password_hash, security_version from users order by email`)],
    [
      { email: 'active', password_hash: 'kept', security_version: 1 },
      { email: 'pending', password_hash: null, security_version: 1 },
      { email: 'prepared', password_hash: null, security_version: 1 },
    ],
  )
  const links =
    await sql`select email, password_hash from mailed_tokens join registrations on registration_id = registrations.id`
  t.strictSame([...links], [{ email: 'pending', password_hash: 'hash' }])
  t.equal(
    (await sql`select from mailed_tokens`).length,
    1,
    'drops the token for the new address, whose requester is unknown',
  )
  await down({ steps: 1 })
  t.strictSame(await sql`select email, password_hash from users order by email`, before)
})

t.test('preparing a database a second time changes nothing', async (t) => {
  const { sql, prepare } = await createDatabaseToMigrate(t)
  t.strictSame(await prepare(), await listMigrations(folder))
  t.strictSame(await findAuditProblems(sql), [])
  const before = await describeCatalog(sql)
  t.strictSame(await prepare(), [])
  t.strictSame(await describeCatalog(sql), before)
})

t.test('the next preparation restores lost triggers and privileges', async (t) => {
  const { sql, prepare, appRole } = await createDatabaseToMigrate(t)
  await prepare()
  const before = await describeCatalog(sql)
  await sql`alter table users disable trigger audit_capture`
  await sql`drop trigger audit_truncate on sessions`
  await sql`revoke all on users from ${sql(appRole)}`
  t.strictSame((await findAuditProblems(sql)).sort(), [
    'sessions: the audit trigger is missing',
    'users: the audit trigger is disabled',
  ])
  await prepare()
  t.strictSame(await describeCatalog(sql), before)
})

t.test(
  'four processes that prepare one database at once succeed, and one of them does the work',
  async (t) => {
    const { prepare } = await createDatabaseToMigrate(t)
    const runs = await Promise.all([1, 2, 3, 4].map(prepare))
    t.strictSame(
      runs.filter((names) => names.length > 0),
      [await listMigrations(folder)],
    )
  },
)

t.test('schema, snapshots and migration files agree', async (t) => {
  t.strictSame(await check({ folder, schema }), [])
})

t.test('the application can change rows, and can only read the audit log', async (t) => {
  const { sql, url, appUrl, appRole, prepare } = await createDatabaseToMigrate(t)
  if (url === appUrl) {
    t.pass('one role owns the tables and runs the application')
    return
  }
  await prepare()
  const tables = await sql<{ name: string; schema: string; rights: string }[]>`
    select c.oid::regclass::text as name, c.relnamespace::regnamespace::text as schema, string_agg(privilege, ' ' order by privilege) as rights
    from pg_class c, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) as privilege
    where c.relkind in ('r', 'p', 'v', 'm') and c.relnamespace in ('public'::regnamespace, 'audit'::regnamespace, 'drizzle'::regnamespace)
      and has_table_privilege(${appRole}, c.oid, privilege)
    group by c.oid`
  const rights = (schema: string) => [
    ...new Set(tables.filter((table) => table.schema === schema).map((table) => table.rights)),
  ]
  t.strictSame(rights('public'), ['DELETE INSERT SELECT UPDATE'])
  t.strictSame(rights('audit'), ['SELECT'])
  t.strictSame(rights('drizzle'), ['SELECT'])

  const app = connect(t, appUrl)
  for (const statement of [
    `insert into audit.audit_log (id, created_at, actor, table_name, object_id, action) values (uuid_v7(), now(), 'user', 'users', '1', 'create')`,
    `update audit.audit_log set actor = 'nobody'`,
    'delete from audit.audit_log',
    'truncate audit.audit_log',
    'truncate users cascade',
    'drop table audit.audit_log_default',
    'alter table users disable trigger audit_capture',
    'drop trigger audit_capture on users',
    `set session_replication_role = 'replica'`,
    `insert into drizzle.migrations (name, hash, state) values ('9999_no', '', 'applied')`,
    'create table public.mine (id int)',
    'create table audit.mine (id int)',
    'create or replace function audit.capture() returns trigger language plpgsql as $$ begin return null; end $$',
  ]) {
    await t.rejects(app.unsafe(statement), { code: '42501' }, statement)
  }
  t.match(await app`select audit.ensure_partitions()`, [{ ensure_partitions: 0 }])
})
