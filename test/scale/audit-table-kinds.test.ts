// own process: it declares tables, which others would miss in their databases
/** Audited tables that are partitioned or in a schema other than `public`. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { integer, pgSchema, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { generate } from '../../scripts/db/generate.js'
import { findAuditProblems } from '../../src/db/audit/triggers.js'
import { audited } from '../../src/db/declarations/audited.js'
import { tenantPolicies } from '../../src/db/declarations/tenant-policies.js'
import { prepareDatabase } from '../../src/db/lifecycle/setup.js'
import { createdAt, id } from '../../src/db/schema/columns.js'
import { eraseUser } from '../../src/db/seals/erase.js'
import { sealAuditLog } from '../../src/db/seals/seal.js'
import { verifyAuditLog } from '../../src/db/seals/verify.js'
import { findTenancyProblems } from '../../src/db/tenancy/check.js'
import { acrossOrganizations } from '../../src/db/tenancy/scopes.js'
import { uuidV7 } from '../../src/lib/schema/uuid.js'
import { buildTestApp } from '../helpers/app.js'
import { newAuditKey, publicKeysOf } from '../helpers/audit-seals.js'
import { describeCatalog } from '../helpers/catalog.js'
import { connect, createTestDatabase } from '../helpers/database.js'
import { moved } from '../helpers/moved.js'
import { createOrganization } from '../helpers/organizations.js'
import t, { type Test } from '../tap.js'

const billing = pgSchema('billing')
const invoices = billing.table(
  'invoices',
  {
    id: id(),
    organizationId: uuid('organization_id').notNull(),
    payerId: uuid('payer_id').notNull(),
    payerName: text('payer_name').notNull(),
    cardToken: text('card_token'),
    createdAt: createdAt(),
  },
  (table) => tenantPolicies(table.organizationId),
)
/** Partitioned by year, which drizzle cannot declare. */
const readings = pgTable(
  'readings',
  {
    meter: text('meter').notNull(),
    year: integer('year').notNull(),
    organizationId: uuid('organization_id').notNull(),
    meterValue: integer('meter_value').notNull(),
  },
  (table) => [primaryKey({ columns: [table.meter, table.year] }), ...tenantPolicies(table.organizationId)],
)
audited(invoices, { organization: 'organizationId', personal: ['payerName'], subject: 'payerId' })
audited(readings, { organization: 'organizationId' })

async function createDatabase(t: Test) {
  const database = await createTestDatabase(t)
  const owner = connect(t, database.ownerUrl, { 'app.scope': 'platform' })
  const folder = t.testdir()
  const [name] = await generate({ schema: { billing, invoices, readings }, folder, name: 'kinds' })
  const script = await readFile(join(folder, `${name}.sql`), 'utf8')
  await owner.unsafe(
    script
      .replace(/(CREATE TABLE "readings" \([^;]*\));/, '$1 PARTITION BY RANGE ("year");')
      .replaceAll('-->', '--'),
  )
  await owner.unsafe(`
    create table readings_2025 partition of readings for values from (2025) to (2026);
    create table readings_later partition of readings for values from (2026) to (maxvalue) partition by list (year);
    create table readings_2026 partition of readings_later for values in (2026)`)
  const prepare = () => prepareDatabase({ migrationUrl: database.ownerUrl, appRole: database.appRole })
  await prepare()
  /** The id of the newest entry that `newEntries` returned. */
  let last = uuidV7(Date.now())
  const newEntries = async () => {
    const entries = await moved(
      owner,
    )`select id, table_name, object_id, action, state_before -> 'meter_value' as before,
      state_after -> 'meter_value' as after from audit.audit_log where id > ${last} order by id`
    last = String(entries.at(-1)?.id ?? last)
    return entries.map(({ table_name, object_id, action, before, after }) =>
      [table_name, object_id, action, before, after].join(' '),
    )
  }
  return { database, owner, prepare, newEntries }
}

t.test('a second upgrade changes nothing and leaves no problem', async (t) => {
  const { owner, prepare } = await createDatabase(t)
  const before = await describeCatalog(owner)
  t.strictSame(await findAuditProblems(owner), [])
  t.strictSame(await findTenancyProblems(owner), [])
  await prepare()
  t.strictSame(await describeCatalog(owner), before)
})

t.test('entries name the root table, whichever partition holds the row', async (t) => {
  const { owner, newEntries } = await createDatabase(t)
  const organization = uuidV7(Date.now())
  await owner`insert into readings values ('a', 2025, ${organization}, 1), ('a', 2026, ${organization}, 2)`
  await owner`update readings set meter_value = meter_value + 10`
  await owner`update readings_2026 set meter_value = 13`
  t.strictSame(await newEntries(), [
    'readings a:2025 create  1',
    'readings a:2026 create  2',
    'readings a:2025 update 1 11',
    'readings a:2026 update 2 12',
    'readings a:2026 update 12 13',
  ])
  await owner`update readings set year = 2026, meter = 'b' where year = 2025`
  t.strictSame(
    await newEntries(),
    ['readings a:2025 delete 11 ', 'readings b:2026 create  11'],
    'a row that moves to another partition is a delete and a create',
  )
  await owner`delete from readings`
  t.strictSame((await newEntries()).sort(), ['readings a:2026 delete 13 ', 'readings b:2026 delete 11 '])
})

t.test(
  'audits partitions as they come and go, and restores triggers that were disabled on one',
  async (t) => {
    const { owner, prepare, newEntries, database } = await createDatabase(t)
    const organization = uuidV7(Date.now())
    await owner`create table readings_2027 (like readings including all)`
    await owner`insert into readings_2027 values ('a', 2027, ${organization}, 1)`
    await owner`alter table readings_later attach partition readings_2027 for values in (2027)`
    t.strictSame(await findAuditProblems(owner), [], 'a server starts before the next upgrade')
    await owner`update readings set meter_value = 2`
    t.strictSame(await newEntries(), ['readings a:2027 update 1 2'])

    for (const partition of ['readings_2025', 'readings_2026', 'readings_2027']) {
      await owner.unsafe(`alter table ${partition} disable trigger audit_capture`)
      t.strictSame(await findAuditProblems(owner), ['readings: the audit trigger is disabled'], partition)
      await prepare()
      t.strictSame(await findAuditProblems(owner), [], partition)
    }
    for (const table of ['readings', 'readings_2025', 'readings_later', 'readings_2027', 'billing.invoices'])
      await t.rejects(owner.unsafe(`truncate ${table}`), { code: '42501' }, table)

    await owner`alter table readings_later detach partition readings_2027`
    await prepare()
    t.strictSame(await findAuditProblems(owner), [])
    await owner`update readings_2027 set meter_value = 3`
    t.strictSame(await newEntries(), [], 'a detached partition is no longer audited')

    const app = connect(t, database.url, { 'app.scope': `organization:${organization}` })
    await app`insert into readings values ('c', 2026, ${organization}, 1)`
    await t.rejects(app`insert into readings values ('c', 2026, ${uuidV7(1)}, 1)`, { code: '42501' })
    if (database.url !== database.ownerUrl)
      await t.rejects(
        app`select from readings_2026`,
        { code: '42501' },
        'a partition cannot be read past the policies of the root',
      )
  },
)

t.test('a table of another schema is audited, searched, erased and sealed like any other', async (t) => {
  const { database, owner } = await createDatabase(t)
  const { app, signUp } = await buildTestApp(t, { database })
  const admin = await signUp({ role: 'super_admin' })
  const { id: organizationId } = await createOrganization(admin)
  const payerId = String(admin.user?.id)
  const values = { organizationId, payerId, payerName: 'Ada', cardToken: 'tok-hunter2' }
  const [invoice] = await acrossOrganizations(app.db, async ({ tx }) => {
    const made = await tx.insert(invoices).values(values).returning()
    await tx
      .update(invoices)
      .set({ payerName: 'Grace' })
      .where(eq(invoices.id, String(made[0]?.id)))
    return made
  })
  const search = `?tableName=billing.invoices&objectId=${invoice?.id}`
  const { body } = await admin.get(`/audit-logs${search}&changed=payerName`)
  t.match(body.data, [
    {
      tableName: 'billing.invoices',
      organizationId,
      stateBefore: { payerName: 'Ada', cardToken: '[redacted]', organizationId },
      stateAfter: { payerName: 'Grace' },
    },
  ])
  t.equal(body.data.length, 1)
  const state = () => admin.get(`/audit-logs/state${search}`)
  t.match((await state()).body.state, { payerName: 'Grace', createdAt: /Z$/ })
  t.match((await admin.get('/audit-logs?tableName=invoices')).body.data, [])

  const key = newAuditKey()
  await sealAuditLog(app.transactions, key)
  await eraseUser(owner, key, payerId)
  t.match((await state()).body.state, { payerName: '[erased]', payerId })
  await sealAuditLog(app.transactions, key)
  const findings: string[] = []
  await verifyAuditLog(owner, { keys: publicKeysOf(key), onFinding: (line) => findings.push(line) })
  t.strictSame(findings, [])
})
