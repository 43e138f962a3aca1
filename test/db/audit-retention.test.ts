import type postgres from 'postgres'
import { afterMigration } from '../../src/db/lifecycle/setup.js'
import { keepAuditPartitions } from '../../src/db/seals/retention.js'
import { sealAuditLog } from '../../src/db/seals/seal.js'
import { newRequest, openSealTest } from '../helpers/audit-seals.js'
import { connect, testDatabases } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { moved } from '../helpers/moved.js'
import t, { type Test } from '../tap.js'

/** The first moment of a month in UTC, as PostgreSQL partitions them. @param ago in months */
function monthOf(ago: number): Date {
  const now = new Date()
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - ago))
}

const nameOf = (ago: number): string => monthOf(ago).toISOString().slice(0, 7).replace('-', '')

/** Creates partitions of past months, each with one entry and one request record. */
async function openRetentionTest(t: Test, monthsAgo: number[]) {
  const test = await openSealTest(t)
  const { owner, database } = test
  for (const ago of monthsAgo) {
    const moment = new Date(monthOf(ago).getTime() + 86_400_000 * 10).toISOString()
    await owner.begin(async (tx) => {
      for (const table of ['audit_log', 'audit_requests']) {
        await tx`select audit.make_partition(${table}, ${monthOf(ago).toISOString()}::text::timestamptz)`
      }
      await addRows(tx, moment)
    })
  }
  const keepFor = (auditRetentionMonths?: number) =>
    afterMigration(owner, { appRole: database.appRole, auditRetentionMonths })
  const partitions = async () => {
    const rows = await moved(owner)<{ name: string }[]>`
      select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
      where inhparent in ('audit.audit_log'::regclass, 'audit.audit_requests'::regclass) order by 1`
    return rows.map(({ name }) => name)
  }
  return { ...test, keepFor, partitions }
}

async function addRows(tx: postgres.TransactionSql, moment: string): Promise<void> {
  await tx`
    insert into audit.audit_log (id, created_at, actor, table_name, object_id, action)
    values (uuid_v7(${moment}::text::timestamptz), ${moment}::text::timestamptz, 'user', 'users', 'x', 'create')`
  const { started_at: _, ...request } = newRequest()
  await tx`
    insert into audit.audit_requests (id, created_at, request_id, actor, outcome, status, duration_ms, method, url, ip,
      rows_changed, entries)
    select uuid_v7(${moment}::text::timestamptz), ${moment}::text::timestamptz, r.request_id, r.actor, r.outcome, r.status,
      r.duration_ms, r.method, r.url, r.ip, 0, 0
    from jsonb_populate_record(null::audit.audit_requests, ${JSON.stringify(request)}::text::jsonb) as r`
}

t.test('drops sealed months after the retention period and records it in the chain', async (t) => {
  const { sql, key, addUser, keepFor, partitions, sealAll, verify, newEntries } = await openRetentionTest(
    t,
    [4, 3, 2, 1],
  )
  await addUser()
  const before = await partitions()
  await sealAll()
  t.strictSame((await keepAuditPartitions(sql, key)).dropped, [], 'keeps all months without a setting')
  await keepFor(2)
  await keepFor()
  t.strictSame(
    (await keepAuditPartitions(sql, key)).dropped,
    [],
    'keeps all months after the setting is removed',
  )
  await keepFor(2)
  t.strictSame((await keepAuditPartitions(sql, undefined)).dropped, [], 'drops nothing without a key')
  const dropped = [4, 3].flatMap((ago) => [`audit_log_${nameOf(ago)}`, `audit_requests_${nameOf(ago)}`])
  t.strictSame(await keepAuditPartitions(sql, key), { made: 0, dropped })
  t.strictSame(
    await partitions(),
    before.filter((name) => !dropped.includes(name)),
  )
  t.equal((await newEntries()).length, 3, 'keeps two months and the current one')
  const { lines, ...verified } = await verify()
  t.match(verified, { findings: 0, entries: 5, unsealed: 0 }, lines.join())
  t.strictSame(await keepAuditPartitions(sql, key), { made: 0, dropped: [] })
})

t.test('still reports entries that are missing without a record, or from an existing month', async (t) => {
  const { sql, key, owner, keepFor, sealAll, verify, attack } = await openRetentionTest(t, [3, 2])
  await sealAll()
  const [young] = await moved(owner)`select id from audit.audit_log order by id desc limit 1`
  await keepFor(2)
  await keepAuditPartitions(sql, key)
  t.match(await verify(), { findings: 0 })
  await attack(`delete from audit.audit_log where id = '${young?.id}'`)
  t.strictSame((await verify()).lines, [`removed audit_log ${young?.id}`])
  await attack(`drop table audit.audit_requests_${nameOf(2)}`)
  t.match((await verify()).lines, [`removed audit_log ${young?.id}`, /^removed audit_requests /])
})

t.test('keeps a month with an unsealed row until the row is sealed', async (t) => {
  const { sql, key, owner, keepFor, sealAll } = await openRetentionTest(t, [3])
  await sealAll()
  await keepFor(1)
  await owner.begin((tx) => addRows(tx, new Date(monthOf(3).getTime() + 1000).toISOString()))
  t.strictSame((await keepAuditPartitions(sql, key)).dropped, [])
  await sealAll()
  t.equal((await keepAuditPartitions(sql, key)).dropped.length, 2)
})

t.test('postpones dropping a month that is being read, without blocking writers', async (t) => {
  const { sql, key, owner, addUser, database, keepFor, sealAll } = await openRetentionTest(t, [3])
  await sealAll()
  await keepFor(1)
  const reader = connect(t, database.ownerUrl)
  await reader.begin(async (tx) => {
    await tx`select from audit.audit_log limit 1`
    const [kept] = await Promise.all([keepAuditPartitions(sql, key), addUser()])
    t.notOk(kept.dropped.includes(`audit_log_${nameOf(3)}`))
  })
  const rest = await eventually(async () => {
    const { dropped } = await keepAuditPartitions(sql, key)
    return dropped.length > 0 ? dropped : undefined
  })
  t.ok(rest.includes(`audit_log_${nameOf(3)}`))
  t.equal((await owner`select from audit.audit_seals where kind = 'drop'`).length, 2)
})

const { ownerUrl, appUrl } = testDatabases()
const skip =
  new URL(ownerUrl).username === new URL(appUrl).username &&
  'one role owns the tables and runs the application'

t.test(
  'the application can neither drop months within the retention period nor misreport what it drops',
  { skip },
  async (t) => {
    const { sql, key, owner, keepFor, sealAll } = await openRetentionTest(t, [3, 1])
    await eventually(async () => (await sealAuditLog(sql, key)).seals > 0)
    await sealAll()
    await keepFor(1)
    const drop = (partition: string, changes = '{}') => sql`
    select audit.drop_partition(${partition}, jsonb_populate_record(s, jsonb_build_object('number', s.number + 1,
      'kind', 'drop', 'from_transaction', s.to_transaction, 'ids', '{}'::uuid[], 'log_count', 0, 'leaves', '',
      'details', jsonb_build_object('partition', ${partition}::text, 'rows', 1)::text) || ${changes}::text::jsonb))
    from audit.audit_seals s order by number desc limit 1`
    const old = `audit_log_${nameOf(3)}`
    for (const partition of [1, 0, -1].map((ago) => `audit_log_${nameOf(ago)}`)) {
      await t.rejects(drop(partition), { code: '42501' }, `${partition} is within the retention period`)
    }
    for (const partition of ['audit_log', 'audit_log_default', 'audit_seals', 'users', '']) {
      await t.rejects(drop(partition), { code: '42501' }, partition)
    }
    const lies = [
      { number: 1 },
      { kind: 'entries' },
      { from_transaction: 0 },
      { details: '{}' },
      { details: JSON.stringify({ partition: old, rows: 0 }) },
      { details: JSON.stringify({ partition: 'audit_log_209901', rows: 1 }) },
    ]
    for (const lie of lies)
      await t.rejects(drop(old, JSON.stringify(lie)), { code: '23514' }, JSON.stringify(lie))
    await t.rejects(sql.unsafe(`drop table audit.${old}`), { code: '42501' })
    await t.rejects(sql`update audit.audit_retention set months = 1`, { code: '42501' })
    await drop(old)
    t.match(
      await owner`select to_regclass(${`audit.${old}`}) as gone`,
      [{ gone: null }],
      'accepts a drop with the right details',
    )
  },
)
