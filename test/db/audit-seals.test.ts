import { toSqlRow } from '../../src/db/seals/chain.js'
import { prepareHashing, readEarlierLeavesOfRows } from '../../src/db/seals/leaves.js'
import { sealAuditLog } from '../../src/db/seals/seal.js'
import { EMPTY_CHAIN, formatHead, signRecord } from '../../src/lib/audit/audit-records.js'
import { newAuditKey, newRequest, openSealTest, publicKeysOf } from '../helpers/audit-seals.js'
import { connect, testDatabases } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { moved } from '../helpers/moved.js'
import t from '../tap.js'

t.test('verifies the seals and reports how much is sealed and where the chain ends', async (t) => {
  const { sql, key, addUser, sealAll, verify } = await openSealTest(t)
  t.match(await verify(), { entries: 0, seals: 0, unsealed: 0, findings: 0, head: { number: 0 } })
  for (let i = 0; i < 5; i++) await addUser()
  await sql`select audit.record_requests(${JSON.stringify([newRequest()])}::text::jsonb)`
  t.match(await verify(), { entries: 0, unsealed: 6, findings: 0 })
  await sealAll(key, 2)
  const { head, ...rest } = await verify()
  t.match(rest, { entries: 6, seals: 3, unsealed: 0, findings: 0, lines: [] })
  t.match(formatHead(head), /^3:[0-9a-f]{64}$/)
  t.strictSame(await sealAuditLog(sql, key), { seals: 0, entries: 0 }, 'makes no seal without new entries')
  await addUser()
  await eventually(async () => (await sealAuditLog(sql, key)).entries === 1)
  const later = await verify({ anchor: head })
  t.match(later, { seals: 4, findings: 0 }, 'the chain still contains its earlier head')
})

t.test('signing keys can be rotated, and a verifier with both keys trusts both', async (t) => {
  const { addUser, key, sealAll, verify } = await openSealTest(t)
  await addUser()
  await sealAll()
  const next = newAuditKey()
  await addUser()
  await eventually(async () => (await verify({ keys: publicKeysOf(key, next) })).unsealed === 1)
  await sealAll(next)
  t.match(await verify({ keys: publicKeysOf(next, key) }), { findings: 0, seals: 2, entries: 2 })
  t.match((await verify()).lines, [/^seal 2: .*unknown key/])
})

t.test('seals of an older worker verify, except for columns that it does not know', async (t) => {
  const { sql, owner, addUser, verify, attack, key } = await openSealTest(t)
  await addUser()
  const [entry] = await moved(owner)<{ id: string; xid: string }[]>`
    select id::text, transaction_id::text as xid from audit.audit_log`
  const { id, xid } = entry as { id: string; xid: string }
  await attack(`update audit.audit_log set cause_id = '${id}'`)
  const leaves = await sql.begin(async (tx) => {
    await prepareHashing(tx)
    return readEarlierLeavesOfRows(tx, [id])
  })
  const content = { kind: 'entries', from: 0n, to: BigInt(xid) + 1n, details: '{}', ...leaves } as const
  await owner`insert into audit.audit_seals select (${toSqlRow(owner, signRecord(content, EMPTY_CHAIN, key))}).*`
  t.match(await verify(), { entries: 1, unsealed: 0, lines: [] })
  await attack(`update audit.audit_log set actor = 'nobody'`)
  t.strictSame((await verify()).lines, [`modified audit_log ${id}`])
})

t.test(
  'a transaction open during a seal goes into a later one, and only one of several sealers works',
  async (t) => {
    const { database, addUser, sealAll, verify, key, sql } = await openSealTest(t)
    const open = connect(t, database.url)
    let finish = () => {}
    const held = new Promise<void>((resolve) => {
      finish = resolve
    })
    let isWritten = false
    const writing = open.begin(async (tx) => {
      await tx`insert into users (email, first_name, last_name) values ('late@example.com', 'Late', 'Test')`
      isWritten = true
      await held
    })
    await eventually(() => isWritten)
    await addUser()
    t.strictSame(
      await sealAuditLog(sql, key),
      { seals: 0, entries: 0 },
      'transactions that began after the open one wait, too',
    )
    finish()
    await writing

    for (let i = 0; i < 8; i++) await addUser()
    const atAnyLevel = { default_transaction_isolation: 'serializable' } as const
    const others = [1, 2, 3, 4].map(() => connect(t, database.url, atAnyLevel))
    await eventually(async () => {
      const sealed = await Promise.all(others.map((sealer) => sealAuditLog(sealer, key, 1)))
      return sealed.some(({ seals }) => seals > 0)
    })
    await sealAll()
    t.match(await verify(), { entries: 10, unsealed: 0, findings: 0 })
  },
)

t.test('never splits a large transaction between seals', async (t) => {
  const { sql, addUser, key, owner, sealAll, verify } = await openSealTest(t)
  await addUser()
  await sql`insert into users (email, first_name, last_name) select n || '@example.com', 'N', 'N' from generate_series(1, 9) as n`
  await addUser()
  await sealAll(key, 4)
  const seals = await owner<{ count: number }[]>`
    select cardinality(ids) as count from audit.audit_seals order by number`
  t.strictSame(
    seals.map(({ count }) => count),
    [1, 9, 1],
  )
  t.match(await verify(), { entries: 11, findings: 0 })
})

t.test('does not continue the seals of a database that was restored into another cluster', async (t) => {
  const { sql, addUser, key, sealAll, attack } = await openSealTest(t)
  await addUser()
  await sealAll()
  await attack('update audit.audit_seals set to_transaction = 9223372036854775000')
  await t.rejects(sealAuditLog(sql, key), { name: 'OperatorError', message: /restored into another cluster/ })
})

const { ownerUrl, appUrl } = testDatabases()
const skip =
  new URL(ownerUrl).username === new URL(appUrl).username &&
  'one role owns the tables and runs the application'

t.test('the application can only append seals to the end of the chain', { skip }, async (t) => {
  const { sql, admin, addUser, sealAll, verify } = await openSealTest(t)
  await addUser()
  await sealAll()
  await addUser()
  /** The next record with these changes and without a valid signature. */
  const append = (changes: object) => `
    select audit.append_seal(jsonb_populate_record(s, jsonb_build_object('number', s.number + 1,
      'from_transaction', s.to_transaction, 'to_transaction', s.to_transaction) || '${JSON.stringify(changes)}'))
    from audit.audit_seals s order by number desc limit 1`
  const lies = [
    { number: 1 },
    { number: 7 },
    { from_transaction: 0 },
    { kind: 'erasure' },
    { kind: 'drop' },
    { to_transaction: Number.MAX_SAFE_INTEGER },
  ]
  const refusals: [string, string][] = [
    ...lies.map((lie): [string, string] => [append(lie), '23514']),
    ['insert into audit.audit_seals select * from audit.audit_seals', '42501'],
    ['update audit.audit_seals set number = 7', '42501'],
    ['delete from audit.audit_seals', '42501'],
    ['truncate audit.audit_seals', '42501'],
    ['update audit.audit_retention set months = 1', '42501'],
    ['select audit.lock_seals()', '42501'],
  ]
  for (const [text, code] of refusals) await t.rejects(sql.unsafe(text), { code }, text)
  for (const text of [
    'update audit.audit_seals set number = 7',
    'delete from audit.audit_seals',
    'truncate audit.audit_seals',
  ]) {
    await t.rejects(admin.unsafe(text), { code: '42501' }, `a superuser by accident: ${text}`)
  }
  t.match(await verify(), { findings: 0, seals: 1 })
  await sql.unsafe(append({}))
  const { lines } = await verify()
  t.ok(lines.includes('seal 2: its signature is not valid'), 'a record added without the key is found')
})
