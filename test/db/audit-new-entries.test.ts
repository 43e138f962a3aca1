import { sql as drizzleSql } from 'drizzle-orm'
import type postgres from 'postgres'
import {
  findMoveProblem,
  moveForReaders,
  moveNewEntries,
  withAllMoved,
} from '../../src/db/audit/new-entries.js'
import { createDatabaseClient, type Transactions } from '../../src/db/driver/client.js'
import { listAuditEntries } from '../../src/db/queries/audit/audit-log.js'
import { sealAuditLog } from '../../src/db/seals/seal.js'
import { clientOptions, openAuditTest } from '../helpers/audit.js'
import { findContradictions } from '../helpers/audit-consistency.js'
import { newRequest, openSealTest } from '../helpers/audit-seals.js'
import { connect } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import t from '../tap.js'

const NEWEST = { sort: '-createdAt', limit: 20 } as const

const countNew = async (sql: postgres.Sql): Promise<number> =>
  (await sql`select from audit.new_entries`).length

const insertUsers = (sql: postgres.Sql, count: number, name: string) => sql`
  insert into users (email, first_name, last_name)
  select ${name}::text || n || '@example.com', 'N', 'N' from generate_series(1, ${count}::int) as n`

t.test('every function that reads or counts entries finds new ones', async (t) => {
  const { db, owner, addUser, sealAll, verify } = await openSealTest(t)
  const user = await addUser()
  t.equal(await countNew(owner), 1)
  t.match(await verify(), { unsealed: 1, findings: 0 }, 'the verification counts it')
  const { data } = await listAuditEntries(db, NEWEST)
  t.match(data, [{ objectId: user.id, action: 'create' }])
  t.equal(await countNew(owner), 0)

  await addUser()
  await sealAll()
  t.match(await verify(), { entries: 2, unsealed: 0, findings: 0 })
})

t.test('a move keeps the transaction, the time and the order of the changes', async (t) => {
  const { owner, sql } = await openAuditTest(t)
  const [written] = await sql.begin(async (tx) => {
    await tx`insert into users (email, first_name, last_name) values ('a@example.com', 'A', 'A')`
    for (const name of ['B', 'C', 'D']) await tx`update users set first_name = ${name}`
    return tx<{ id: string; now: Date }[]>`select pg_current_xact_id()::text as id, clock_timestamp() as now`
  })
  await moveNewEntries(sql)
  const entries = await owner<{ xid: string; at: Date; name: string; role: string }[]>`
    select transaction_id::text as xid, created_at as at, state_after ->> 'first_name' as name, database_user as role
    from audit.audit_log order by id`
  t.strictSame(
    entries.map(({ name }) => name),
    ['A', 'B', 'C', 'D'],
  )
  t.ok(entries.every(({ xid, at }) => xid === written?.id && at <= written.now))
  const [session] = await sql<{ role: string }[]>`select session_user as role`
  t.ok(entries.every(({ role }) => role === session?.role))
})

t.test('parallel moves, seals and writes lose and double no entry', async (t) => {
  const { database, owner, sql, key, verify, sealAll } = await openSealTest(t)
  const writers = Array.from({ length: 4 }, () => connect(t, database.url))
  const movers = Array.from({ length: 3 }, () => connect(t, database.url))
  let isWriting = true
  const moving = movers.map(async (mover) => {
    while (isWriting) await moveNewEntries(mover)
  })
  const sealing = (async () => {
    while (isWriting) await sealAuditLog(sql, key, 50)
  })()
  await Promise.all(
    writers.map(async (writer, i) => {
      for (let n = 0; n < 25; n++) {
        await insertUsers(writer, 3, `writer-${i}-${n}-`)
        await writer`update users set last_name = ${`L${n}`} where email like ${`writer-${i}-${n}-%`}`
      }
    }),
  )
  isWriting = false
  await Promise.all([...moving, sealing])
  await sealAll()
  t.match(await verify(), { entries: 4 * 25 * 6, unsealed: 0, findings: 0, lines: [] })
  t.same(await findContradictions(owner), [])
})

t.test('entries written between the steps of a seal go into the next one', async (t) => {
  const { sql, key, owner, addUser, verify, sealAll } = await openSealTest(t)
  await addUser()
  const withWrites: Transactions = {
    begin: async (mode: string, work: never) => {
      const result = await owner.begin(mode, work)
      await addUser()
      return result
    },
  } as never
  await eventually(async () => (await sealAuditLog(withWrites, key)).entries > 0)
  await sealAll()
  await moveNewEntries(sql)
  t.match(await verify(), { unsealed: 0, findings: 0, lines: [] })
})

t.test('a seal waits for the entries of a transaction that is still open', async (t) => {
  const { sql, key, database, addUser, verify, sealAll } = await openSealTest(t)
  const other = connect(t, database.url)
  await other.begin(async (tx) => {
    await tx`insert into users (email, first_name, last_name) values ('open@example.com', 'O', 'O')`
    await addUser()
    await sealAuditLog(sql, key)
  })
  t.match(await verify(), { unsealed: 2, findings: 0 })
  await sealAll()
  t.match(await verify(), { entries: 2, unsealed: 0, findings: 0 })
})

t.test('refuses the seals of an older release, which does not move entries', async (t) => {
  const { sql, owner, addUser } = await openSealTest(t)
  await addUser()
  await moveNewEntries(sql)
  await t.rejects(
    owner`select audit.append_seal(row(1, 'entries', 0, 1, '{}', 0, '', sha256(''), sha256(''), '{"leaves":2}', 'k', now(),
      convert_to(repeat('x', 64), 'UTF8'))::audit.audit_seals)`,
    { message: /only a release that knows audit.new_entries can seal/ },
  )
})

t.test('the records of an older release count new entries', async (t) => {
  const { owner, sql, addUser } = await openAuditTest(t)
  const request = { ...newRequest(), outcome: 'ok', rows_changed: 1 }
  const context = JSON.stringify({ actor: 'user', requestId: request.request_id })
  const { id } = await addUser()
  await sql.begin(async (tx) => {
    await tx`select set_config('audit.ctx', ${context}, true)`
    await tx`update users set first_name = 'Recorded' where id = ${id}`
  })
  t.same([...(await sql`select audit.record_requests(${JSON.stringify([request])}::text::jsonb)`)], [])
  t.match(await owner`select outcome, entries from audit.audit_requests`, [{ outcome: 'ok', entries: 1 }])
})

t.test('at any isolation level a reader finds what another one moves', async (t) => {
  const { database, addUser, owner } = await openAuditTest(t)
  const clients = Array.from({ length: 3 }, () =>
    createDatabaseClient({ ...clientOptions(database.url), isolationLevel: 'serializable' }),
  )
  t.teardown(() => Promise.all(clients.map((client) => client.close())))
  for (let round = 0; round < 10; round++) {
    const { id } = await addUser()
    const pages = await Promise.all(clients.map(({ db }) => listAuditEntries(db, NEWEST)))
    t.ok(pages.every(({ data }) => data[0]?.objectId === id))
  }
  t.equal(await countNew(owner), 0)
})

t.test('a reader moves at most 20,000 entries, and a request record waits for all', async (t) => {
  const { db, owner, sql } = await openAuditTest(t)
  await insertUsers(sql, 20_500, 'many-')
  await moveForReaders(db)
  t.equal(await countNew(owner), 500)
  await insertUsers(sql, 20_000, 'more-')
  const left = await withAllMoved(db, (tx) => tx.execute(drizzleSql`select from audit.new_entries`))
  t.equal(left.length, 0)
})

t.test('a request record waits for a move that is under way, and moves the rest', async (t) => {
  const { db, sql, database } = await openAuditTest(t)
  const admin = connect(t, database.adminUrl)
  await insertUsers(sql, 10_500, 'some-')
  const other = connect(t, database.url)
  let left: Promise<unknown[]> | undefined
  await other.begin(async (tx) => {
    await tx`select audit.move_entries()`
    left = withAllMoved(db, (tx) => tx.execute(drizzleSql`select from audit.new_entries`))
    await eventually(
      async () =>
        (
          await admin`select from pg_locks join pg_database on pg_database.oid = pg_locks.database
          where not granted and locktype = 'advisory' and datname = current_database()`
        ).length > 0,
    )
  })
  t.same(await left, [])
})

t.test('frees the space of moved entries, unless an older transaction is open', async (t) => {
  const { database, owner, sql } = await openAuditTest(t)
  const size = async () => {
    const [row] = await owner<{ size: number }[]>`select pg_relation_size('audit.new_entries')::int as size`
    return row?.size ?? 0
  }
  const other = connect(t, database.ownerUrl)
  await other.begin(async (tx) => {
    await tx`select pg_current_xact_id()`
    await insertUsers(sql, 20_000, 'big-')
    await moveNewEntries(sql)
    t.ok((await size()) > 8_000_000)
  })
  await eventually(async () => {
    await insertUsers(sql, 1, `one-${Math.random()}-`)
    await moveNewEntries(sql)
    return (await size()) === 0
  })
})

t.test('new entries are append-only for the application, the owner and a superuser', async (t) => {
  const { database, owner, addUser } = await openAuditTest(t)
  await addUser()
  const app = connect(t, database.url)
  const admin = connect(t, database.adminUrl)
  for (const [who, sql] of Object.entries({ app, owner, admin })) {
    for (const attack of [
      `update audit.new_entries set context = ''`,
      'delete from audit.new_entries',
      'truncate audit.new_entries',
    ])
      await t.rejects(sql.unsafe(attack), { code: '42501' }, `${who}: ${attack}`)
  }
  t.equal(await countNew(owner), 1)
})

t.test('reports entries that wait for more than ten minutes', async (t) => {
  const { owner, addUser } = await openAuditTest(t)
  await addUser()
  t.equal(await findMoveProblem(owner), undefined)
  await moveNewEntries(owner)
  await owner`insert into audit.new_entries (created_at, table_name, object_id, operation)
    values (now() - interval '11 minutes', 'users', 'x', 'DELETE')`
  t.match(await findMoveProblem(owner), /more than 10 minutes/)
})

t.test('entries can be read while the database is read-only', async (t) => {
  const { database, addUser, owner } = await openAuditTest(t)
  const { id } = await addUser()
  await moveNewEntries(owner)
  await addUser()
  const client = createDatabaseClient(clientOptions(database.url))
  t.teardown(() => client.close())
  const { data } = await client.db.transaction((tx) => listAuditEntries(tx, NEWEST), {
    accessMode: 'read only',
  })
  t.equal(data.at(-1)?.objectId, id)
})
