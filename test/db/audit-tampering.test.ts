import { randomUUID } from 'node:crypto'
import { newAuditKey, newRequest, openSealTest, publicKeysOf } from '../helpers/audit-seals.js'
import { moved } from '../helpers/moved.js'
import t from '../tap.js'

t.test('the leaf hashes cover every column of both tables', async (t) => {
  const { owner, admin, addUser, sql, sealAll, verify, attack } = await openSealTest(t)
  await addUser()
  await sql`select audit.record_requests(${JSON.stringify([newRequest()])}::text::jsonb)`
  await sealAll()
  const columns = await moved(owner)<{ table: string; name: string; type: string }[]>`
    select attrelid::regclass::text as table, attname as name, format_type(atttypid, null) as type
    from pg_attribute where attrelid in ('audit.audit_log'::regclass, 'audit.audit_requests'::regclass)
      and attnum > 0 and not attisdropped and attname <> 'id'`
  t.ok(columns.length > 35)
  const others: Record<string, string> = {
    text: `'x'`,
    'text[]': `'{x}'`,
    jsonb: `'{"x":1}'`,
    uuid: 'gen_random_uuid()',
    xid8: `'1'`,
    smallint: '1',
    integer: '1',
    real: '0.10000001',
    'timestamp with time zone': `'2020-01-01'`,
  }
  for (const { table, name, type } of columns) {
    const before = await admin.unsafe<{ id: string; value: unknown }[]>(
      `select id, ${name}::text as value from ${table}`,
    )
    const other = { action: `'delete'`, outcome: `'ok'` }[name] ?? others[type]
    await attack(`update ${table} set ${name} = ${other}`)
    const { findings } = await verify()
    t.ok(findings > 0, `${table}.${name} is covered by its leaf`)
    for (const { id, value } of before) {
      await attack(
        `update ${table} set ${name} = ${value === null ? 'null' : `'${value}'`} where id = '${id}'`,
      )
    }
  }
  t.match(await verify(), { findings: 0 }, 'the restored rows verify again')
})

t.test('names each change, removal and insertion by a superuser', async (t) => {
  const { addUser, admin, key, newEntries, sealAll, verify, attack } = await openSealTest(t)
  for (let i = 0; i < 4; i++) await addUser()
  await newEntries()
  await sealAll(key, 2)
  const rows = await moved(admin)<{ id: string }[]>`select id from audit.audit_log order by id`
  const [first, second, third, fourth] = rows.map(({ id }) => id)
  const made = randomUUID()
  await attack(`
    update audit.audit_log set state_after = state_after || '{"role": "super_admin"}' where id = '${first}';
    delete from audit.audit_log where id = '${second}';
    insert into audit.audit_log (id, created_at, transaction_id, actor, table_name, object_id, action)
      select '${made}', now(), transaction_id, 'user', 'users', 'x', 'create' from audit.audit_log where id = '${third}'`)
  const { lines, entries } = await verify()
  t.strictSame(lines.sort(), [
    `inserted audit_log ${made}`,
    `modified audit_log ${first}`,
    `removed audit_log ${second}`,
  ])
  t.equal(entries, 2, 'the other entries still count')

  const future = randomUUID()
  await attack(`
    update audit.audit_log set transaction_id = '9223372036854775000' where id = '${fourth}';
    insert into audit.audit_log (id, created_at, transaction_id, actor, table_name, object_id, action)
      values ('${future}', now(), '9223372036854775001', 'user', 'users', 'x', 'create')`)
  const hidden = (await verify()).lines
  t.ok(hidden.includes(`removed audit_log ${fourth}`), 'reports a row that was moved out of its seal')
  t.ok(hidden.includes(`inserted audit_log ${future}`), 'reports a row of a transaction that never existed')
})

const change = (number: number, assignment: string) =>
  `update audit.audit_seals set ${assignment} where number = ${number}`

/** Shortens a finding to the number of the seal and the word for the defect. */
const shorten = (line: string) =>
  line.replace(
    /^seal (\d+): .*?(signature|broken|root|gap|unknown key|missing).*?(, with all up to \d+)?$/,
    '$1 $2$3',
  )

t.test('names the seal of every manipulation of the chain', async (t) => {
  const { addUser, admin, key, sealAll, verify, attack } = await openSealTest(t)
  for (let i = 0; i < 6; i++) await addUser()
  await sealAll(key, 1)
  const { head } = await verify()
  t.equal(head.number, 6)
  const attacks: [sql: string, findings: string][] = [
    [change(3, `details = '{"x":1}'`), '3 signature, 4 broken'],
    [change(6, 'created_at = now()'), '6 signature'],
    [change(3, `signature = sha256('') || sha256('')`), '3 signature, 4 broken'],
    [change(3, `leaves = sha256('')`), '3 root'],
    [change(3, `leaves = sha256(''), root = sha256('')`), '3 signature, 4 broken'],
    [change(3, 'ids = array[gen_random_uuid()]'), '3 signature, 4 broken'],
    [change(3, 'to_transaction = to_transaction + 1'), '3 signature, 4 gap, 4 broken'],
    [change(6, `key_id = E'\\x1b[31m'`), '6 unknown key'],
    ['delete from audit.audit_seals where number = 1', '1 missing, 2 gap'],
    ['delete from audit.audit_seals where number in (3, 4)', '3 missing, with all up to 4, 5 gap'],
    [
      `update audit.audit_seals set number = case number when 3 then 104 else 103 end where number in (3, 4);
       update audit.audit_seals set number = number - 100 where number > 100`,
      '3 broken, 3 gap, 3 signature, 4 broken, 4 gap, 4 signature, 5 broken, 5 gap',
    ],
  ]
  await admin`create table kept as select * from audit.audit_seals`
  for (const [text, findings] of attacks) {
    await attack(text)
    const { lines } = await verify()
    t.strictSame(lines.map(shorten).sort(), findings.split(/, (?=\d)/).sort(), text)
    t.notOk(lines.join().includes('\u001B'), 'no text of the attacker reaches the terminal')
    await attack('delete from audit.audit_seals; insert into audit.audit_seals select * from kept')
  }
  t.match(await verify({ anchor: head }), { findings: 0 })

  await attack('delete from audit.audit_seals where number > 4')
  t.match(await verify(), { findings: 0, unsealed: 2 }, 'the chain itself does not show that it was longer')
  const cut = await verify({ anchor: head })
  t.strictSame(cut.lines, ['seal 6: the anchor names it, but the chain ends before it'])
  await sealAll()
  await addUser()
  await sealAll()
  const replaced = await verify({ anchor: head })
  t.strictSame(replaced.lines, ['seal 6: it is not the one that the anchor names'])
})

t.test('does not trust a chain that was rebuilt with another key', async (t) => {
  const { addUser, key, sealAll, verify, attack } = await openSealTest(t)
  await addUser()
  await sealAll()
  const { head } = await verify()
  await attack(`delete from audit.audit_seals; update audit.audit_log set actor = 'user'`)
  const forger = newAuditKey()
  await sealAll(forger)
  t.strictSame((await verify({ anchor: head })).lines, [
    `seal 1: it is signed with an unknown key ${forger.kid}`,
    'seal 1: it is not the one that the anchor names',
  ])
  t.match(
    await verify({ keys: publicKeysOf(key, forger) }),
    { findings: 0 },
    'a verifier that trusts the key of the forger finds nothing',
  )
})
