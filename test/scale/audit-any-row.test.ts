// own process: it declares tables, which others would miss in their databases
import { jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import type postgres from 'postgres'
import { syncAuditTriggers } from '../../src/db/audit/triggers.js'
import { audited } from '../../src/db/declarations/audited.js'
import { isSecretName, REDACTED } from '../../src/lib/audit/redact.js'
import { SECRET_NAME } from '../../src/lib/audit/secret-names.js'
import { openAuditTest } from '../helpers/audit.js'
import { moved } from '../helpers/moved.js'
import t, { type Test } from '../tap.js'

const gadgets = pgTable('gadgets', {
  id: uuid('id').primaryKey(),
  settings: jsonb('settings'),
  history: jsonb('history').array(),
  raw: text('raw'),
  shown: jsonb('shown'),
  secret: jsonb('secret'),
})
audited(gadgets, { expose: ['shown'] })

const ID = '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60'

async function openGadgets(t: Test) {
  const test = await openAuditTest(t)
  await test.owner.unsafe(`create table gadgets (id uuid primary key, settings jsonb, history jsonb[], raw text,
    shown jsonb, secret jsonb); grant select, insert, update, delete on gadgets to public`)
  await syncAuditTriggers(test.owner)
  return test
}

type Entry = { before: Record<string, unknown>; after: Record<string, unknown>; changed: string[] | null }

/** The newest entry as stored, without the redaction on reading. */
async function newestOf(owner: postgres.Sql): Promise<Entry> {
  const [entry] = await moved(owner)<Entry[]>`
    select state_before as before, state_after as after, changed from audit.audit_log order by id desc limit 1`
  return entry as Entry
}

t.test('redacts secret fields of JSON columns at any depth, in the log itself', async (t) => {
  const { owner, db } = await openGadgets(t)
  const deep = (depth: number, inner: object): object =>
    Array.from({ length: depth }).reduce<object>((value) => ({ level: [value] }), inner)
  const settings = {
    smtpPassword: 'hunter2',
    nested: { clientSecret: { id: 'hunter2' }, list: [{ api_key: ['hunter2'] }, 'kept', 1.5, null, {}, []] },
    '\ttoken': 'hunter2',
    passenger: 'kept',
  }
  const shown = { password: 'exposed on purpose' }
  const row = {
    settings,
    history: [{ accessToken: 'hunter2' }, ['kept']],
    raw: 'password',
    shown,
    secret: {},
  }
  await db.insert(gadgets).values({ id: ID, ...row })
  t.strictSame((await newestOf(owner)).after, {
    id: ID,
    settings: {
      smtpPassword: REDACTED,
      nested: { clientSecret: REDACTED, list: [{ api_key: REDACTED }, 'kept', 1.5, null, {}, []] },
      '\ttoken': REDACTED,
      passenger: 'kept',
    },
    history: [{ accessToken: REDACTED }, ['kept']],
    raw: 'password',
    shown,
    secret: REDACTED,
  })
  await db.update(gadgets).set({ settings: { ...settings, smtpPassword: 'hunter3' } })
  t.strictSame((await newestOf(owner)).changed, ['settings'], 'the entry still shows that a secret changed')

  const odd: [object, RegExp][] = [
    [deep(20, { password: 'hunter2', name: 'kept' }), /"name": "kept"/],
    [deep(2000, { password: 'hunter2' }), /redacted/],
    [deep(2000, { name: 'kept' }), /"name": "kept"/],
    [{ password: 'hunter2', long: 'x'.repeat(1_000_001) }, /^\{"settings": "\[redacted\]"\}$/],
    [['text', 'hunter', { pin: 'hunter2' }], /\["text", "hunter", \{"pin": "\[redacted\]"\}\]/],
  ]
  for (const [value, expected] of odd) {
    await db.update(gadgets).set({ settings: value })
    const [stored] = await moved(owner)<{ text: string }[]>`
      select jsonb_build_object('settings', state_after -> 'settings')::text as text
      from audit.audit_log order by id desc limit 1`
    t.match(stored?.text, expected)
    t.notMatch(stored?.text, /hunter2/)
  }
})

t.test('PostgreSQL and JavaScript recognize the same names as secret', async (t) => {
  const { owner } = await openAuditTest(t)
  const words = [
    'password',
    'pass',
    'api',
    'key',
    'keys',
    'token',
    'pin',
    'compass',
    'x',
    '2',
    'é',
    'secrets',
  ]
  const forms = words.flatMap((word) => [
    word,
    word.toUpperCase(),
    word.charAt(0).toUpperCase() + word.slice(1),
  ])
  const names = forms.flatMap((first) =>
    forms.flatMap((second) => ['', '_', ' ', '2'].map((joint) => `${first}${joint}${second}`)),
  )
  const rows = await owner<{ name: string; isSecret: boolean }[]>`
    select name, name collate "C" ~ ${SECRET_NAME} as "isSecret" from jsonb_array_elements_text(${JSON.stringify(names)}::text::jsonb) as name`
  t.ok(rows.length > 5000)
  t.strictSame(
    rows.filter(({ name, isSecret }) => isSecret !== isSecretName(name)),
    [],
  )
})

const deepJson = (depth: number) => `repeat('[', ${depth}) || repeat(']', ${depth})`

/** Values of every type that a table can hold, and the stored entry; undefined: not compared. */
const VALUES: [type: string, value: string, stored: unknown][] = [
  ['json', `'{"x": "\\u0000"}'`, { x: '\ufffd' }],
  ['json', `'{"x\\u0000": ["\\\\u0000", "\\u0000\\u0000"]}'`, { 'x\ufffd': ['\\u0000', '\ufffd\ufffd'] }],
  [
    'json',
    `'["\\ud800", "\\udc00x", "\\ud83d\\ude00", "\\ud800\\ud83d\\ude00"]'`,
    ['\ufffd', '\ufffdx', '😀', '\ufffd😀'],
  ],
  [
    'json',
    `'{"\\"a": [-1.5e200000, "1e200000 \\" 1e200000"]}'`,
    { '"a': ['-1.5e200000', '1e200000 " 1e200000'] },
  ],
  ['json', `(${deepJson(5000)})::json`, undefined],
  ['jsonb', `(${deepJson(5000)})::jsonb`, undefined],
  ['json[]', `array['{"a": "\\u0000"}']::json[]`, [{ a: '\ufffd' }]],
  ['json', `'{"a": 1, "a": 2}'`, { a: 2 }],
  ['any_domain', `'{"password": "\\u0000"}'`, { password: REDACTED }],
  ['any_composite', `row(1, '{"a": "\\u0000", "token": 1}')`, { n: 1, j: { a: '\ufffd', token: REDACTED } }],
  ['any_mood[]', `array['fine', null]::any_mood[]`, ['fine', null]],
  ['double precision', `'NaN'`, 'NaN'],
  ['real', `'-Infinity'`, '-Infinity'],
  ['numeric', `'Infinity'`, 'Infinity'],
  ['numeric', `10::numeric ^ 1000 + 0.1`, undefined],
  ['timestamptz', `'infinity'`, 'infinity'],
  ['timestamp', `'4713-01-01 BC'`, '4713-01-01T00:00:00 BC'],
  ['date', `'-infinity'`, '-infinity'],
  ['time with time zone', `'24:00+00'`, '24:00:00+00'],
  ['interval', `'1 day'`, '1 day'],
  ['tstzrange', `'(,infinity)'`, '(,infinity)'],
  ['int4multirange', `'{[1,3)}'`, '{[1,3)}'],
  ['bytea', `'\\x00ff'`, '\\x00ff'],
  ['bit varying', `B'101'`, '101'],
  ['point', `'(NaN,Infinity)'`, '(NaN,Infinity)'],
  ['inet', `'::1'`, '::1'],
  ['xml', `'<a/>'`, '<a/>'],
  ['tsvector', `'a:1'`, `'a':1`],
  ['int[]', `'[-1:0]={1,2}'`, [1, 2]],
  ['char(3)', `'a'`, 'a  '],
]

t.test('the log accepts every row that the table accepts, whatever its columns hold', async (t) => {
  const { owner, newEntries } = await openAuditTest(t)
  await owner.unsafe(`
    create domain any_domain as json; create type any_composite as (n int, j json); create type any_mood as enum ('fine');
    create table anything (id int primary key, note text, twice int generated always as (id * 2) stored)`)
  await owner.unsafe(VALUES.map(([type], i) => `alter table anything add c${i} ${type};`).join(' '))
  const columns = VALUES.map((_, i) => `c${i}`).join(',')
  const list = SECRET_NAME.replaceAll("'", "''")
  await owner.unsafe(`create trigger audit_capture after insert or update or delete on anything
    for each row execute function audit.capture('id', '{}', '{}', '', '{${columns}}', '${list}')`)
  for (const [i, [type, value, stored]] of VALUES.entries()) {
    await owner.unsafe(`insert into anything (id, note, c${i}) values (${i}, 'kept', ${value})`)
    await owner.unsafe('update anything set note = null')
    await owner.unsafe('delete from anything')
    t.equal((await newEntries()).length, 3, `${type}: ${value}`)
    const [entry] = await owner.unsafe<{ value: unknown; rest: unknown }[]>(`
      select case when octet_length((state_before -> 'c${i}')::text) < 1000 then state_before -> 'c${i}' end as value,
        jsonb_build_object('id', state_before -> 'id', 'twice', state_before -> 'twice') as rest
      from audit.audit_log where action = 'update' order by id desc limit 1`)
    if (stored !== undefined) t.match(entry?.value, stored, `${type}: ${value}`)
    t.strictSame(entry?.rest, { id: i, twice: i * 2 }, 'the other columns are unchanged')
  }
  // jsonb holds at most 256 MB.
  await owner.unsafe(`alter table anything add huge bytea;
    insert into anything (id, huge) values (0, convert_to(repeat('x', 135000000), 'UTF8'))`)
  const [entry] = await moved(
    owner,
  )`select state_after ->> 'huge' as huge from audit.audit_log order by id desc limit 1`
  t.match(entry?.huge, /^\[not stored: 270000005 bytes, sha256 [0-9a-f]{64}\]$/)
})

t.test('a key of any length identifies its object', async (t) => {
  const { owner } = await openAuditTest(t)
  await owner.unsafe(`create table keyed (a bytea primary key); create trigger audit_capture after insert on keyed
    for each row execute function audit.capture('a', '{}', '{}', '')`)
  const long = owner`insert into keyed select string_agg(sha256(n::text::bytea), '') from generate_series(1, 80) as n`
  await t.resolves(long.execute())
  const [entry] = await moved(owner)`select object_id from audit.audit_log`
  t.match(entry?.object_id, /^\\x[0-9a-f]{98}\[sha256 [0-9a-f]{64}\]$/)
})
