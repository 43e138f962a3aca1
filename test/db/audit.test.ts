import { is } from 'drizzle-orm'
import { PgTable } from 'drizzle-orm/pg-core'
import postgres from 'postgres'
import { findAuditProblems, syncAuditTriggers } from '../../src/db/audit/triggers.js'
import { auditExemptions, auditPolicies, declaredSchemas } from '../../src/db/declarations/audited.js'
import * as schema from '../../src/db/schema/index.js'
import { openAuditTest } from '../helpers/audit.js'
import { connect, testDatabases } from '../helpers/database.js'
import { moved, moveEntries } from '../helpers/moved.js'
import t from '../tap.js'

const ADA = `'ada@example.com', 'Ada', 'Test'`
const INSERT = 'insert into users (email, first_name, last_name)'

type Way = [sql: string, entries: string[]]

/** Writes that involve no application code, so that only the trigger can record them. */
const WAYS: Way[] = [
  [`${INSERT} values (${ADA}), ('bob@example.com', 'Bob', 'Test')`, ['users create', 'users create']],
  [`${INSERT} select 'c' || email, 'Cyd', last_name from users`, ['users create', 'users create']],
  [`${INSERT} values (${ADA}) on conflict (email) do update set last_name = 'Up'`, ['users update']],
  [`${INSERT} values (${ADA}) on conflict do nothing`, []],
  [`update users set last_name = 'Two' where first_name = 'Cyd'`, ['users update', 'users update']],
  [`update users set last_name = last_name where first_name = 'Bob'`, ['users update']],
  [`update users set last_name = 'None' where false`, []],
  [
    `with gone as (delete from users where first_name = 'Bob' returning email)
     insert into users (email, first_name, last_name) select 'was-' || email, 'Was', 'Bob' from gone`,
    ['users create', 'users delete'],
  ],
  [
    `merge into users u using (values ('Was', 'Merged'), ('New', 'Merged')) as v (first, last) on u.first_name = v.first
     when matched then update set last_name = v.last
     when not matched then insert (email, first_name, last_name) values ('new@example.com', v.first, v.last)`,
    ['users create', 'users update'],
  ],
  [
    `insert into sessions (user_id, expires_at) select id, now() from users where first_name in ('Ada', 'New')`,
    ['sessions create', 'sessions create'],
  ],
  [`update users set status = 'active' where first_name = 'Ada'`, ['users update']],
  [
    // One of our triggers ends the sessions: a write that causes another write.
    `update users set status = 'disabled' where first_name = 'Ada'`,
    ['users update', 'sessions update'],
  ],
  [
    `delete from users where first_name in ('Ada', 'New')`,
    ['users delete', 'users delete', 'sessions delete', 'sessions delete'],
  ],
]

t.test('every kind of write leaves an entry', async (t) => {
  const { database, newEntries, owner } = await openAuditTest(t)
  for (const [name, actor] of [['psql', 'cli:psql'] as const, ['', 'cli:unknown'] as const]) {
    const sql = postgres(database.url, { max: 1, connection: { application_name: name }, onnotice: () => {} })
    t.teardown(() => sql.end())
    if (name === '') await sql`set application_name = ''`
    for (const [text, entries] of WAYS) {
      await sql.unsafe(text)
      t.same((await newEntries()).sort(), entries.map((entry) => `${actor} ${entry}`).sort(), text)
    }
    const copy = await sql`copy users (email, first_name, last_name) from stdin`.writable()
    await new Promise((resolve, reject) => {
      copy.on('finish', resolve).on('error', reject)
      copy.end('copied-1@example.com\tCopied\tOne\ncopied-2@example.com\tCopied\tTwo\n')
    })
    t.same(await newEntries(), [`${actor} users create`, `${actor} users create`], 'copy')
    await sql`delete from users`
    await newEntries()
  }
  await t.rejects(
    owner`truncate users cascade`,
    /not allowed/,
    'truncate, which fires no row trigger, is refused',
  )
})

t.test('a rollback leaves no entry, and a statement leaves one entry for each row', async (t) => {
  const { sql, newEntries } = await openAuditTest(t)
  await t.rejects(
    sql.begin(async (tx) => {
      await tx.unsafe(`${INSERT} values (${ADA})`)
      throw new Error('no')
    }),
  )
  await t.rejects(sql.unsafe(`${INSERT} select 'x', 'X', 'X' from generate_series(1, 2)`))
  await sql.begin(async (tx) => {
    await tx.unsafe(`${INSERT} values (${ADA})`)
    await t.rejects(
      tx.savepoint(async (inner) => {
        await inner`update users set first_name = 'Lost'`
        throw new Error('no')
      }),
    )
    await tx`update users set first_name = 'Kept'`
  })
  t.same(
    (await newEntries()).map((entry) => entry.replace('cli:test ', '')),
    ['users create', 'users update'],
  )
  await sql.unsafe(
    `${INSERT} select 'many-' || n || '@example.com', 'M', 'M' from generate_series(1, 1000) as n`,
  )
  t.equal((await newEntries()).length, 1000)
  await sql`delete from users`
  t.equal((await newEntries()).length, 1001)
})

t.test('entries are append-only for the application, the owner and a superuser', async (t) => {
  const { database, addUser, owner } = await openAuditTest(t)
  await addUser()
  await moveEntries(owner)
  const partitions = await owner<{ name: string }[]>`
    select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit.audit_log'::regclass`
  t.ok(partitions.length >= 5, 'partitions of future months and the default one')
  const tables = ['audit.audit_log', ...partitions.map(({ name }) => name)]
  const app = connect(t, database.url)
  const admin = connect(t, database.adminUrl)
  for (const [who, sql] of Object.entries({ app, owner, admin })) {
    for (const table of tables) {
      for (const attack of [`truncate ${table}`, `truncate ${table} cascade`]) {
        await t.rejects(sql.unsafe(attack), { code: '42501' }, `${who}: ${attack}`)
      }
    }
    for (const [table] of [['audit.audit_log'], [`audit.audit_log_${month()}`]]) {
      await t.rejects(
        sql.unsafe(`update ${table} set actor = 'nobody'`),
        { code: '42501' },
        `${who}: update ${table}`,
      )
      await t.rejects(sql.unsafe(`delete from ${table}`), { code: '42501' }, `${who}: delete from ${table}`)
    }
  }
  const [row] = await moved(owner)`select count(*) from audit.audit_log where actor = 'cli:test'`
  t.equal(Number(row?.count), 1)
})

const month = () => new Date().toISOString().slice(0, 7).replace('-', '')

const { ownerUrl, appUrl } = testDatabases()
const isOneRole = new URL(ownerUrl).username === new URL(appUrl).username
const skip = isOneRole && 'one role owns the tables and runs the application'

t.test('the application can neither write entries nor disable the triggers', { skip }, async (t) => {
  const { database, owner } = await openAuditTest(t)
  const app = connect(t, database.url)
  const attacks = [
    `insert into audit.audit_log (id, created_at, actor, table_name, object_id, action) values (uuid_v7(), now(), 'user', 'users', 'x', 'create')`,
    `alter table users disable trigger audit_capture`,
    `alter table users disable trigger all`,
    `drop trigger audit_capture on users`,
    `drop table audit.audit_log`,
    `alter table audit.audit_log disable trigger all`,
    `alter table audit.audit_log detach partition audit.audit_log_${month()}`,
    `set session_replication_role = replica`,
    `create or replace function audit.capture() returns trigger language plpgsql as 'begin return null; end'`,
    `alter function audit.refuse() rename to refuse_nothing`,
    // The capture function on a forged table would record changes that never happened.
    `create temp table users (id uuid); create trigger forge after insert on pg_temp.users for each row
       execute function audit.capture('id', '{}', '{}', '')`,
    `truncate users cascade`,
    `set role ${new URL(database.ownerUrl).username}`,
  ]
  for (const attack of attacks) await t.rejects(app.unsafe(attack), { code: '42501' }, attack)
  t.same(await moved(owner)`select from audit.audit_log`, [])
  t.same(await findAuditProblems(owner), [])
})

t.test(
  'missing, disabled and changed triggers are found, reported in one line each, and restored',
  async (t) => {
    const { owner } = await openAuditTest(t)
    t.same(await findAuditProblems(owner), [])
    const recreate = (name: string, rest: string) =>
      `drop trigger ${name} on users; create trigger ${name} ${rest}`
    const [capture] = await owner<{ definition: string }[]>`
    select pg_get_triggerdef(oid) as definition from pg_trigger where tgname = 'audit_capture' and tgrelid = 'users'::regclass`
    const definition = capture?.definition ?? ''
    const changed = (from: string | RegExp, to: string) =>
      `drop trigger audit_capture on users; ${definition.replace(from, to)}`
    const damages: [string, string][] = [
      ['drop trigger audit_capture on users', 'missing'],
      ['drop trigger audit_truncate on users', 'missing'],
      ['alter table users disable trigger audit_capture', 'disabled'],
      ['alter table users disable trigger audit_truncate', 'disabled'],
      ['alter table users enable replica trigger audit_capture', 'disabled'],
      [changed('[redacted]', '[hidden]'), 'older declaration'],
      [changed(/'\{"password_hash[^']*'/, `'{}'`), 'older declaration'],
      [changed('INSERT OR DELETE OR UPDATE', 'INSERT OR DELETE'), 'changed'],
      [changed('INSERT OR DELETE OR UPDATE', 'INSERT OR DELETE OR UPDATE OF role'), 'changed'],
      [changed('FOR EACH ROW', 'FOR EACH ROW WHEN (false)'), 'changed'],
      [changed('audit.capture', 'pg_temp.capture'), 'changed'],
      [recreate('audit_truncate', 'before truncate on users execute function pg_temp.capture()'), 'changed'],
    ]
    for (const [damage, problem] of damages) {
      await owner.begin(async (tx) => {
        await tx.unsafe(
          `create or replace function pg_temp.capture() returns trigger language plpgsql as 'begin return null; end'`,
        )
        await tx.unsafe(damage)
        const problems = await findAuditProblems(tx as unknown as postgres.Sql)
        t.equal(problems.length, 1, damage)
        t.match(problems[0], new RegExp(`^users: .*${problem}`))
        await syncAuditTriggers(tx as unknown as postgres.Sql)
        t.same(await findAuditProblems(tx as unknown as postgres.Sql), [], 'the next upgrade restores it')
      })
    }
    await owner.unsafe(`create table formerly (id int); create trigger audit_capture after insert on formerly
    for each row execute function audit.capture('id', '{}', '{}', '')`)
    await syncAuditTriggers(owner)
    const rest = await owner`select from pg_trigger where tgrelid = 'formerly'::regclass`
    t.equal(rest.length, 0, 'an upgrade removes the trigger of a table that is no longer declared')
  },
)

t.test('every table declares whether it is audited, and why if it is not', async (t) => {
  const { owner } = await openAuditTest(t)
  const tables = await owner<{ name: string }[]>`
    select case nspname when 'public' then '' else nspname || '.' end || relname as name
    from pg_class c join pg_namespace n on n.oid = relnamespace
    where nspname in ${owner(declaredSchemas())} and relkind in ('r', 'p') and not relispartition order by name`
  const audited = auditPolicies().map(({ tableName }) => tableName)
  const decided = [...audited, ...auditExemptions().keys()].sort()
  t.same(
    tables.map(({ name }) => name).filter((name) => !decided.includes(name)),
    [],
    'call audited() or notAudited() where the table is declared',
  )
  const declared = Object.values(schema).filter((part) => is(part, PgTable)).length
  t.equal(decided.length, declared, 'no table is declared twice, or as both audited and exempt')
  for (const [name, reason] of auditExemptions()) t.ok(reason.length > 30, `${name}: ${reason}`)
  t.ok(audited.includes('users') && audited.includes('sessions'))
})
