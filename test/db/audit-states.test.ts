// own process: it declares tables, which others would miss in their databases
import { eq } from 'drizzle-orm'
import {
  bigint,
  boolean,
  date,
  doublePrecision,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import { auditLog } from '../../src/db/audit/log.js'
import { syncAuditTriggers } from '../../src/db/audit/triggers.js'
import { audited } from '../../src/db/declarations/audited.js'
import type { Db } from '../../src/db/driver/client.js'
import { getAuditEntry, listAuditEntries } from '../../src/db/queries/audit/audit-log.js'
import { users } from '../../src/db/schema/users.js'
import { withActor } from '../../src/lib/audit/context.js'
import { openAuditTest } from '../helpers/audit.js'
import { moved } from '../helpers/moved.js'
import t from '../tap.js'

const TENANT = '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60'

const devices = pgTable(
  'devices',
  {
    organizationId: uuid('organization_id').notNull(),
    serialNumber: text('serial_number').notNull(),
    accessToken: text('access_token'),
    tokenCount: bigint('token_count', { mode: 'bigint' }),
    recoveryHint: text('recovery_hint'),
    price: numeric('price', { precision: 30, scale: 2 }),
    ratio: doublePrecision('ratio'),
    isOn: boolean('is_on'),
    settings: jsonb('settings'),
    madeOn: date('made_on'),
    soldAt: timestamp('sold_at'),
    lastSeenAt: timestamp('last_seen_at', { withTimezone: true }),
  },
  (table) => [primaryKey({ columns: [table.organizationId, table.serialNumber] })],
)

audited(devices, {
  organization: 'organizationId',
  redact: ['recoveryHint'],
  expose: ['tokenCount'],
  ignore: ['lastSeenAt'],
})

const newest = async (db: Db) => (await listAuditEntries(db, { limit: 1, sort: '-createdAt' })).data[0]

async function openDevices(t: Parameters<typeof openAuditTest>[0]) {
  const test = await openAuditTest(t)
  await test.owner.unsafe(`
    create table devices (organization_id uuid, serial_number text, access_token text, token_count bigint,
      recovery_hint text, price numeric(30, 2), ratio float8, is_on boolean, settings jsonb, made_on date,
      sold_at timestamp, last_seen_at timestamptz, primary key (organization_id, serial_number));
    grant select, insert, update, delete on devices to public`)
  await syncAuditTriggers(test.owner)
  return test
}

const device = {
  organizationId: TENANT,
  serialNumber: 'A:1',
  accessToken: 'a very secret token',
  tokenCount: 9_007_199_254_740_993n,
  recoveryHint: 'the name of the cat',
  price: '12345678901234567890.10',
  ratio: 0.1,
  isOn: true,
  settings: { limit: 1, note: '12345678901234567891 "is" a text', nested: [null, -1.5] },
  madeOn: '2026-02-03',
  soldAt: new Date('2026-02-03T04:05:06.700Z'),
}

t.test('states have exactly the names and values of the API, and no secret', async (t) => {
  const { db, owner } = await openDevices(t)
  await db.insert(devices).values(device)
  const state = {
    ...device,
    accessToken: '[redacted]',
    recoveryHint: '[redacted]',
    tokenCount: '9007199254740993',
    soldAt: '2026-02-03T04:05:06.700Z',
    lastSeenAt: null,
  }
  const created = await newest(db)
  t.same(created?.stateAfter, state)
  t.equal(created?.stateBefore, null)
  t.match(created, {
    action: 'create',
    tableName: 'devices',
    objectId: `${TENANT}:A:1`,
    organizationId: TENANT,
    actor: 'cli:test',
    userId: null,
    requestId: null,
    method: null,
    url: null,
    headers: null,
    body: null,
    args: null,
    ip: null,
  })
  const raw = await moved(owner)`select state_after::text from audit.audit_log where table_name = 'devices'`
  t.notMatch(JSON.stringify(raw), /very secret|of the cat/, 'the table holds no secret')

  await owner.unsafe(
    `update devices set settings = '{"big": 12345678901234567890, "small": 5, "exponent": 1e3}'`,
  )
  t.same((await newest(db))?.stateAfter?.settings, { big: '12345678901234567890', small: 5, exponent: 1000 })

  const numbers =
    '[10.00, 0.0000001, -0.0, 9007199254740992, 9007199254740993, 0.1234567890123456789, 1e308, 1e400]'
  await owner.unsafe(`update devices set ratio = 1e-7, price = 10,
    settings = '{"numbers": ${numbers}, "text": "\\\\\\" 10.00"}'`)
  t.strictSame(JSON.parse(JSON.stringify((await newest(db))?.stateAfter)), {
    ...JSON.parse(JSON.stringify({ ...state, price: '10.00', ratio: 1e-7 })),
    settings: {
      numbers: [
        10,
        1e-7,
        0,
        2 ** 53,
        '9007199254740993',
        '0.1234567890123456789',
        1e308,
        `1${'0'.repeat(400)}`,
      ],
      text: '\\" 10.00',
    },
  })

  await db.update(devices).set({ serialNumber: 'B', accessToken: 'another', tokenCount: 3n, price: '5' })
  const updated = await newest(db)
  t.equal(updated?.objectId, `${TENANT}:A:1`, 'names the object by its previous key')
  t.match(updated?.stateBefore, {
    serialNumber: 'A:1',
    accessToken: '[redacted]',
    tokenCount: '9007199254740993',
  })
  t.match(updated?.stateAfter, {
    serialNumber: 'B',
    accessToken: '[redacted]',
    tokenCount: '3',
    price: '5.00',
  })

  await db.delete(devices)
  const deleted = await newest(db)
  t.equal(deleted?.stateAfter, null)
  t.match(deleted, { action: 'delete', objectId: `${TENANT}:B`, organizationId: TENANT })
  t.same(await getAuditEntry(db, deleted?.id ?? ''), deleted, 'the entry read by its id is the same')
})

t.test(
  'an update of ignored columns alone leaves no entry, and an update of a secret leaves one',
  async (t) => {
    const { db, newEntries, owner } = await openDevices(t)
    await db.insert(devices).values(device)
    await newEntries()
    await db.update(devices).set({ lastSeenAt: new Date() })
    await db.update(devices).set({ isOn: true })
    t.same(await newEntries(), [], 'only ignored columns changed')
    await db.update(devices).set({ lastSeenAt: new Date(0), isOn: false })
    t.equal((await newEntries()).length, 1)
    await db.update(devices).set({ accessToken: 'a newer one' })
    t.equal((await newEntries()).length, 1)
    const [entry] =
      await owner`select changed from audit.audit_log where table_name = 'devices' order by id desc limit 1`
    t.same(entry?.changed, ['access_token'])
  },
)

t.test('entries stay readable after their column or table is dropped', async (t) => {
  const { db, owner } = await openDevices(t)
  await owner.unsafe(`
    create table old_things (thing_id int primary key, first_owner_2 text, password_hash text);
    create trigger audit_capture after insert on old_things for each row
      execute function audit.capture('thing_id', '{"password_hash": "[redacted]"}', '{}', '');
    insert into old_things values (7, 'Ada', 'x');
    alter table users add column nick_name text;
    insert into users (email, first_name, last_name, nick_name, created_at)
      values ('ada@example.com', 'Ada', 'Test', 'A', '2026-01-02 03:04:05.678+02')`)
  const { data } = await listAuditEntries(db, { limit: 2, sort: '-createdAt' })
  t.match(data[0]?.stateAfter, {
    email: 'ada@example.com',
    nickName: 'A',
    passwordHash: '[redacted]',
    createdAt: '2026-01-02T01:04:05.678Z',
    emailVerifiedAt: null,
  })
  t.match(data[1], {
    objectId: '7',
    stateAfter: { thingId: 7, firstOwner2: 'Ada', passwordHash: '[redacted]' },
  })
})

t.test('no state contains a password hash', async (t) => {
  const { db, owner, addUser } = await openAuditTest(t)
  const { id } = await addUser()
  const secret = '$argon2id$v=19$m=19456,t=2,p=1$not-to-be-seen'
  await withActor('job:rehash', async () => {
    await db.update(users).set({ passwordHash: secret }).where(eq(users.id, id))
    await db
      .update(users)
      .set({ passwordHash: `${secret}-2` })
      .where(eq(users.id, id))
    await db.delete(users).where(eq(users.id, id))
  })
  const rows = await moved(owner)`select a::text as line from ${owner('audit.audit_log')} a`
  t.equal(rows.length, 4)
  for (const { line } of rows) t.notMatch(line, /argon2|not-to-be-seen/)
  const entries = await db.select().from(auditLog).where(eq(auditLog.objectId, id))
  for (const { stateBefore, stateAfter } of entries) {
    for (const state of [stateBefore, stateAfter]) if (state) t.equal(state.password_hash, '[redacted]')
  }
})
