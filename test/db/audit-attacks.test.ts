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

/** Objects that the application's role can create and that shadow those of the audit functions. */
const SHADOWS = `
  create function pg_temp.spy(anyelement) returns boolean language plpgsql as $$ begin raise notice '%', current_user; return true; end $$;
  create domain pg_temp.uuid as pg_catalog.uuid check (pg_temp.spy(value));
  create domain pg_temp.text as pg_catalog.text check (pg_temp.spy(value));
  create domain pg_temp.jsonb as pg_catalog.jsonb check (pg_temp.spy(value));
  create temp table audit_log (id pg_catalog.uuid, created_at timestamptz);
  create temp table audit_requests (id pg_catalog.uuid);
  create function pg_temp.to_jsonb(anyelement) returns pg_catalog.jsonb language sql as 'select null::pg_catalog.jsonb';
  create function pg_temp.current_setting(pg_catalog.text, boolean) returns pg_catalog.text language sql as 'select null::pg_catalog.text';
  create function pg_temp.never(pg_catalog.jsonb, pg_catalog.jsonb) returns boolean language sql as 'select true';
  create operator pg_temp.= (leftarg = pg_catalog.jsonb, rightarg = pg_catalog.jsonb, function = pg_temp.never);
  create temp view people as select * from public.users;
  set search_path = pg_temp, public, pg_catalog; set timezone = 'Asia/Tokyo'; set datestyle = 'SQL, DMY';
  set constraints all deferred; set application_name = 'shadow'`

t.test(
  "objects in a caller's own schema neither mislead a function nor run as the owner",
  { skip },
  async (t) => {
    const { database, owner, newEntries } = await openAuditTest(t)
    const ranAs = new Set<string>()
    const onnotice = ({ message }: postgres.Notice) => ranAs.add(String(message))
    const app = postgres(database.url, { max: 1, onnotice })
    t.teardown(() => app.end())
    await app.unsafe(SHADOWS)
    const request = `{"id": "0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60", "started_at": "2026-01-01T00:00:00Z", "rows_changed": 0}`
    for (const write of [
      `insert into public.users (email, first_name, last_name) values ('s@example.com', 'S', 'S')`,
      `update public.users set first_name = 'T'`,
      `update people set first_name = 'U'`,
      'delete from people',
      'select audit.ensure_partitions(5)',
      'select audit.expired_partitions()',
    ])
      await app.unsafe(write)
    for (const call of [
      `select audit.record_requests('[${request}]'::pg_catalog.jsonb)`,
      'select audit.append_seal(null)',
      `select audit.drop_partition('audit_log_default', null)`,
    ])
      await t.rejects(app.unsafe(call), call)
    t.notOk(
      ranAs.has(new URL(database.ownerUrl).username),
      "no code of the caller ran with the owner's rights",
    )
    t.same(
      await newEntries(),
      ['create', 'update', 'update', 'delete'].map((action) => `cli:shadow users ${action}`),
    )
    const changes = await moved(owner)`select changed from audit.audit_log where action = 'update'`
    t.same([...changes], [{ changed: ['first_name'] }, { changed: ['first_name'] }])
    t.same(await findContradictions(owner), [])
    t.same([...(await app`select from pg_temp.audit_log`)], [])

    const open = await owner`
    select oid::regprocedure::text as name from pg_proc
    where pronamespace in ('public'::regnamespace, 'audit'::regnamespace)
      and oid <> 'audit.capture()'::regprocedure
      and (prosecdef or pronamespace = 'audit'::regnamespace or proconfig::text like '%search_path%')
      and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)`
    t.same([...open], [], 'every search path names pg_temp last; without a name it comes first')
  },
)

/** Functions and operators in place of those that the capture trigger calls. Each would spoil the entry. */
const HOSTILE = `
  create schema hostile; grant usage on schema hostile to public;
  create function hostile.to_jsonb(anyelement) returns jsonb language sql as $$ select '{"id": "forged"}'::jsonb $$;
  create function hostile.current_setting(text, bool) returns text language sql as $$ select '{"actor": "user"}' $$;
  create function hostile.current_setting(text) returns text language sql as $$ select 'UTC' $$;
  create function hostile.octet_length(text) returns int language sql as $$ select 5000 $$;
  create function hostile.array_append(text[], text) returns text[] language sql as $$ select '{forged}'::text[] $$;
  create function hostile.text_true(text, text) returns bool language sql as $$ select true $$;
  create function hostile.jsonb_true(jsonb, jsonb) returns bool language sql as $$ select true $$;
  create function hostile.forge(jsonb, text) returns text language sql as $$ select 'forged' $$;
  create function hostile.forge_jsonb(jsonb, text) returns jsonb language sql as $$ select '"forged"'::jsonb $$;
  create function hostile.forge_without(jsonb, text[]) returns jsonb language sql as $$ select '{}'::jsonb $$;
  create function hostile.forge_sum(jsonb, jsonb) returns jsonb language sql as $$ select '{"id": "forged"}'::jsonb $$;
  create operator hostile.= (leftarg = text, rightarg = text, function = hostile.text_true);
  create operator hostile.<> (leftarg = text, rightarg = text, function = hostile.text_true);
  create operator hostile.= (leftarg = jsonb, rightarg = jsonb, function = hostile.jsonb_true);
  create operator hostile.-> (leftarg = jsonb, rightarg = text, function = hostile.forge_jsonb);
  create operator hostile.->> (leftarg = jsonb, rightarg = text, function = hostile.forge);
  create operator hostile.- (leftarg = jsonb, rightarg = text[], function = hostile.forge_without);
  create operator hostile.|| (leftarg = jsonb, rightarg = jsonb, function = hostile.forge_sum)`

t.test('functions and operators earlier in the search path do not change what is captured', async (t) => {
  const { database, owner, newEntries, addUser } = await openAuditTest(t)
  await addUser()
  await newEntries()
  await connect(t, database.adminUrl).unsafe(HOSTILE)
  const app = postgres(database.url, { max: 1, connection: { application_name: 'odd', TimeZone: 'UTC' } })
  t.teardown(() => app.end())
  await app`set search_path = hostile, public, pg_catalog`
  await app`update users set first_name = 'T', password_hash = 'x'`
  await app`delete from users`
  t.same(await newEntries(), ['cli:odd users update', 'cli:odd users delete'])
  const [update] = await owner`select changed from audit.audit_log where action = 'update'`
  t.same(update?.changed.toSorted(), ['first_name', 'password_hash', 'security_version'])
  t.same(await findContradictions(owner), [])
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
