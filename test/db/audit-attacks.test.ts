import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { findAuditProblems } from '../../src/db/audit/triggers.js'
import { openAuditTest } from '../helpers/audit.js'
import { findContradictions } from '../helpers/audit-consistency.js'
import { connect, testDatabases } from '../helpers/database.js'
import { moved, moveEntries } from '../helpers/moved.js'
import t, { type Test } from '../tap.js'

const DENIED = { code: '42501' }

const { ownerUrl, appUrl } = testDatabases()
const isOneRole = new URL(ownerUrl).username === new URL(appUrl).username
const skip = isOneRole && 'one role owns the tables and runs the application'

const month = () => new Date().toISOString().slice(0, 7).replace('-', '')

/**
 * A single connection as the application, so that a setting of one statement applies to the next.
 */
function connectOnce(t: Test, url: string): postgres.Sql {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  t.teardown(() => sql.end())
  return sql
}

const listTables = (sql: postgres.Sql) => sql<{ name: string; column: string }[]>`
  select c.oid::regclass::text as name, (select quote_ident(attname) from pg_attribute where attrelid = c.oid and attnum = 1) as "column"
  from pg_class c where relnamespace = 'audit'::regnamespace and relkind in ('r', 'p')`

t.test('the application can read the audit schema and write none of its tables', { skip }, async (t) => {
  const { database, owner, addUser } = await openAuditTest(t)
  await addUser()
  const app = connectOnce(t, database.url)
  const tables = await listTables(owner)
  t.ok(tables.length >= 12)
  for (const { name, column } of tables) {
    for (const attack of [
      `insert into ${name} select * from ${name} limit 1`,
      `update ${name} set ${column} = ${column}`,
      `delete from ${name}`,
      `truncate ${name}`,
      `merge into ${name} using (values (1)) as v on true when matched then delete`,
      `copy ${name} from program 'true'`,
      `select * from ${name} for update`,
      `begin; lock table ${name} in access exclusive mode`,
      `alter table ${name} disable trigger all`,
      `alter table ${name} add column spare int`,
      `create rule nothing as on insert to ${name} do instead nothing`,
      `drop table ${name}`,
      `begin; select set_config('audit.maintenance', pg_current_xact_id()::text, true); delete from ${name}`,
    ]) {
      await t.rejects(app.unsafe(attack), DENIED, attack)
      await app.unsafe('rollback')
    }
  }
  const [kept] = await moved(owner)`select count(*)::int from audit.audit_log`
  t.equal(kept?.count, 1)
  const [able] =
    await app`select has_schema_privilege('audit', 'create') as "inAudit", has_schema_privilege('public', 'create') as "inPublic"`
  t.same(able, { inAudit: false, inPublic: false })
})

t.test('the application cannot keep a change of its tables out of the log', { skip }, async (t) => {
  const { database, owner } = await openAuditTest(t)
  const app = connectOnce(t, database.url)
  const role = new URL(database.url).username
  await app.unsafe(
    `create function pg_temp.skip() returns trigger language plpgsql as 'begin return null; end'`,
  )
  for (const attack of [
    `alter trigger audit_capture on users rename to elsewhere`,
    `create trigger first before insert or update on users for each row execute function pg_temp.skip()`,
    `create rule silently as on update to users do instead nothing`,
    `alter table users rename to people`,
    `alter table users set schema pg_temp`,
    `alter table users owner to ${role}`,
    // The rows of a child table show in its parent, but do not fire the parent's triggers.
    `create temp table more () inherits (users)`,
    `create temp table later partition of audit.audit_log for values from ('ffffffff-0000-0000-0000-000000000000') to ('ffffffff-1000-0000-0000-000000000000')`,
    `create temp table spare (like audit.audit_log); alter table audit.audit_log attach partition spare default`,
    `alter table audit.audit_log detach partition audit.audit_log_default`,
    `set session_replication_role = replica`,
    `alter role ${role} set session_replication_role = replica`,
    `alter database ${new URL(database.url).pathname.slice(1)} set session_replication_role = replica`,
    `set session authorization ${new URL(database.ownerUrl).username}`,
    `create event trigger never on ddl_command_start execute function pg_temp.skip()`,
    `create or replace function public.uuid_v7(moment timestamptz) returns uuid language sql as 'select null::uuid'`,
    `create function audit.capture(int) returns int language sql as 'select 1'`,
    `create function public.to_jsonb(users) returns jsonb language sql as 'select null::jsonb'`,
    `create cast (jsonb as uuid) with inout as implicit`,
    `select audit.make_partition('users', now())`,
    `select audit.object_id('{}', 'id')`,
    `create temp table forged (id uuid); create trigger forge after insert on forged for each row execute function audit.capture('id', '{}', '{}', '')`,
  ])
    await t.rejects(app.unsafe(attack), { code: /^42(501|809)$/ }, attack)
  t.same(await findAuditProblems(owner), [])
})

t.test('an invalid context neither lets a change through without an entry nor blocks others', async (t) => {
  const { database, owner, newEntries, addUser } = await openAuditTest(t)
  await addUser()
  await newEntries()
  const app = connectOnce(t, database.url)
  const UNKNOWN = 'cli:unknown'
  const contexts: [context: string, actor: string][] = [
    ['', 'cli:odd'],
    ['{}', UNKNOWN],
    ['null', UNKNOWN],
    ['[]', UNKNOWN],
    ['"text"', UNKNOWN],
    ['{"actor": null, "userId": null}', UNKNOWN],
    ['{"actor": "job:x", "actor": "job:y"}', 'job:y'],
    ['{"actor": ["a"], "headers": 1, "body": "x"}', '["a"]'],
    ['{"actor": "user", "userId": "not a uuid"}', UNKNOWN],
    ['{"actor": "user", "causeId": "not a uuid"}', UNKNOWN],
    [`{"actor": "user", "requestId": "${randomBytes(6_000).toString('hex')}"}`, UNKNOWN],
    ['{"actor": "\\u0000"}', UNKNOWN],
    ['{"actor": ', UNKNOWN],
    ['nonsense', UNKNOWN],
  ]
  await app`set application_name = 'odd'`
  for (const [i, [context, actor]] of contexts.entries()) {
    await app`select set_config('audit.ctx', ${context}, false)`
    await app`update users set first_name = ${`Odd ${i}`}`
    t.same(await newEntries(), [`${actor} users update`], context)
  }
  t.same(await findContradictions(owner), [])
})

t.test('refuses request records of an odd shape and overwrites none', { skip }, async (t) => {
  const { database, owner } = await openAuditTest(t)
  const app = connectOnce(t, database.url)
  const record = (batch: string) => app`select audit.record_requests(${batch}::text::jsonb)`
  const request = {
    id: '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60',
    created_at: '2026-01-01T00:00:00Z',
    started_at: '2026-01-01T00:00:00Z',
    request_id: 'mine',
    actor: 'user',
    outcome: 'denied',
    status: 403,
    duration_ms: 1,
    method: 'GET',
    url: '/',
    ip: '::1',
    rows_changed: 0,
  }
  await record(JSON.stringify([request]))
  await record(JSON.stringify([{ ...request, outcome: 'ok', actor: 'nobody' }]))
  for (const batch of ['[]', '[{}]', '[null]', '[1]', '{}', 'null', '1', '"x"'])
    await record(batch).catch(() => undefined)
  for (const odd of [
    { outcome: 'fine' },
    { id: 'x' },
    { status: 99999 },
    { duration_ms: 'long' },
    { request_id: null },
    { id: null },
    { created_at: 'infinity and beyond' },
  ])
    await t.rejects(
      record(JSON.stringify([{ ...request, id: '0199d3a4-6f2c-7b1e-9c55-000000000000', ...odd }])),
    )
  t.same(
    [...(await owner`select actor, outcome, transaction_id is not null as dated from audit.audit_requests`)],
    [{ actor: 'user', outcome: 'denied', dated: true }],
  )
})

t.test('a superuser cannot change an entry of any month by accident', async (t) => {
  const { database, owner, addUser } = await openAuditTest(t)
  await addUser()
  await moveEntries(owner)
  const admin = connect(t, database.adminUrl)
  // A row in each partition, because an attack on an empty one would prove nothing.
  await admin.unsafe(`
    insert into audit.audit_log (id, created_at, actor, table_name, object_id, action)
    select id, now(), 'cli:test', 'users', 'x', 'create' from (
      select uuid_v7_floor(date_trunc('month', now(), 'UTC') + make_interval(months => n) + interval '2 days') as id
      from generate_series(0, 4) as n) as months;
    insert into audit.audit_requests (id, created_at, request_id, actor, outcome, status, duration_ms, method, url, ip, rows_changed, entries)
    select id, now(), 'x', 'user', 'ok', 200, 1, 'GET', '/', '::1', 0, 0 from audit.audit_log`)
  const tables = await admin<{ name: string }[]>`
    select relid::text as name from (values ('audit.audit_log'::regclass), ('audit.audit_requests')) as roots (root), pg_partition_tree(root)`
  t.ok(tables.length >= 12, `${tables.length} tables`)
  for (const { name } of tables) {
    const [row] = await admin.unsafe(`select count(*)::int as count from ${name}`)
    t.ok(row?.count > 0, `${name} has a row`)
    for (const attack of [
      `update ${name} set actor = 'nobody'`,
      `update ${name} set id = uuid_v7_floor(now() + interval '2 months')`,
      `delete from ${name}`,
      `merge into ${name} using (values (1)) as v on true when matched then delete`,
      `insert into ${name} select * from ${name} on conflict (id) do update set actor = 'nobody'`,
      `truncate ${name}`,
      ...['on', '1', '0', '99999999'].map((word) => `set audit.maintenance = '${word}'; delete from ${name}`),
    ])
      await t.rejects(admin.unsafe(attack), { ...DENIED, message: /is not allowed/ }, attack)
  }
  const [rows] = await moved(
    owner,
  )`select count(*)::int, count(*) filter (where actor = 'cli:test')::int as same from audit.audit_log`
  t.same(rows, { count: 6, same: 6 })
  await t.rejects(admin.unsafe(`truncate audit.audit_log_${month()}, audit.audit_requests`), DENIED)
})
