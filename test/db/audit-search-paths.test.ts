import postgres from 'postgres'
import { openAuditTest } from '../helpers/audit.js'
import { findContradictions } from '../helpers/audit-consistency.js'
import { connect, testDatabases } from '../helpers/database.js'
import { moved } from '../helpers/moved.js'
import t from '../tap.js'

const { ownerUrl, appUrl } = testDatabases()
const isOneRole = new URL(ownerUrl).username === new URL(appUrl).username
const skip = isOneRole && 'one role owns the tables and runs the application'

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
