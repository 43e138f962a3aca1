import { sql } from 'drizzle-orm'
import { createDatabaseClient, type Db, type Tx } from '../../src/db/driver/client.js'
import { isUnavailable } from '../../src/db/driver/errors.js'
import { users } from '../../src/db/schema/users.js'
import { clientOptions } from '../helpers/audit.js'
import { connect, createTestDatabase } from '../helpers/database.js'
import { openProxy } from '../helpers/proxy.js'
import t, { type Test } from '../tap.js'

const person = (name: string) => ({ email: `${name}@example.com`, firstName: name, lastName: 'Test' })
const pidOf = async (db: Db) =>
  (await db.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`))[0]?.pid
const sleep = sql`select pg_sleep(30)`

async function open(t: Test, poolMax: number) {
  const database = await createTestDatabase(t)
  const client = createDatabaseClient({
    ...clientOptions(database.url, poolMax),
    connectTimeoutMs: 1_500,
  })
  t.teardown(client.close)
  const admin = connect(t, database.adminUrl)
  const names = async () => {
    const rows = await admin<{ name: string }[]>`select first_name as name from users order by name`
    return rows.map(({ name }) => name)
  }
  /** Terminates a session of the pool and waits until it has ended. */
  const kill = async (pid: number | undefined) => {
    await admin`select pg_terminate_backend(${pid ?? 0}, 5000)`
  }
  return { ...client, names, kill }
}

const unavailable = (t: Test, work: Promise<unknown>, title: string) =>
  work.then(
    () => t.fail(title),
    (error) => t.ok(isUnavailable(error), `${title}: ${error.message}`),
  )

t.test('each connection serves one caller at a time, and no caller waits forever', async (t) => {
  const { db } = await open(t, 2)
  const pids = await Promise.all(Array.from({ length: 20 }, () => db.transaction((tx) => pidOf(tx))))
  t.ok(new Set(pids).size <= 2, 'opens no more connections than the pool allows')

  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const holders = [db.transaction(() => held), db.transaction(() => held)]
  await unavailable(t, pidOf(db), 'a caller gives up while all connections are taken')
  const waiting = pidOf(db)
  release()
  await Promise.all(holders)
  t.ok(pids.includes(await waiting), 'a waiting caller gets the connection that is released')
})

t.test('a connection lost within a transaction fails nothing else', async (t) => {
  const { db, names, kill } = await open(t, 1)
  const insert = (tx: Tx | Db, name: string) => tx.insert(users).values(person(name))

  const inFlight = db.transaction(async (tx) => {
    await insert(tx, 'in-flight')
    const pid = await pidOf(tx)
    const [, result] = await Promise.allSettled([kill(pid), tx.execute(sleep)])
    t.equal(result?.status, 'rejected')
    await insert(tx, 'after')
  })
  await unavailable(t, inFlight, 'lost while a statement ran')
  t.equal(await db.$count(users), 0, 'the next query succeeds')

  let other: PromiseLike<unknown> | undefined
  const idle = db.transaction(async (tx) => {
    await insert(tx, 'idle')
    other = insert(db, 'other').execute()
    await kill(await pidOf(tx))
    await tx.execute(sql`select 1`).catch(() => undefined)
    // On the replacement of the lost connection this would be committed.
    await insert(tx, 'strayed').catch(() => undefined)
    await tx.transaction((inner) => insert(inner, 'strayed').execute()).catch(() => undefined)
  })
  await unavailable(t, idle, 'lost while it was idle')
  await other
  t.same(await names(), ['other'])

  const pid = await pidOf(db)
  await kill(pid)
  const answers = await Promise.allSettled([pidOf(db), pidOf(db), pidOf(db)])
  t.ok(answers.filter(({ status }) => status === 'rejected').length <= 1, 'at most the query in flight fails')
  t.not(await pidOf(db), pid)
})

t.test('reports a server without a name or a route as unavailable, not as an internal error', async (t) => {
  for (const host of ['nowhere.invalid', '127.0.0.1:1']) {
    const { db, close } = createDatabaseClient(clientOptions(`postgres://ada@${host}/nothing`, 1))
    t.teardown(close)
    await unavailable(t, pidOf(db), host)
  }
})

t.test('replaces a connection that is reset', async (t) => {
  const database = await createTestDatabase(t)
  const proxy = await openProxy(t, database.url)
  const { db, close } = createDatabaseClient(clientOptions(proxy.url, 1))
  t.teardown(close)
  for (let round = 0; round < 3; round += 1) {
    const failing = db.transaction(async (tx) => {
      await pidOf(tx)
      const running = tx.execute(sleep)
      const failure = t.rejects(async () => running)
      setImmediate(proxy.reset)
      await failure
      await pidOf(tx)
    })
    await unavailable(t, failing, 'reset in a transaction')
    await pidOf(db)
    t.ok(await pidOf(db), 'the next query works')
  }
})

t.test('a transaction commits all or nothing, even when its code swallows an error', async (t) => {
  const { db, names } = await open(t, 1)
  const insert = (tx: Db, name: string) => tx.insert(users).values(person(name))
  const failing = (tx: Tx) =>
    tx.execute(sql`select 1 / 0`).then(
      () => t.fail('the statement succeeded'),
      () => undefined,
    )
  const swallowed = db.transaction(async (tx) => {
    await insert(tx, 'lost')
    await failing(tx)
    return 'fine'
  })
  await t.rejects(swallowed, { cause: { code: '22012' } }, 'a swallowed error still fails the transaction')
  await t.rejects(
    db.transaction(async (tx) => {
      await failing(tx)
      await insert(tx, 'lost')
    }),
    { cause: { code: '22012' } },
    'reports the first error, not the ones that follow from it',
  )
  await db.transaction(async (tx) => {
    await insert(tx, 'kept')
    await t.rejects(
      tx.transaction(async (inner) => {
        await insert(inner, 'lost')
        await failing(inner)
      }),
      { cause: { code: '22012' } },
    )
    await tx.transaction((inner) => insert(inner, 'kept-too').execute())
    await t.rejects(async () => tx.transaction(async (inner) => inner.rollback()))
  })
  let late: Tx | undefined
  await db.transaction(async (tx) => {
    late = tx
  })
  await t.rejects(async () => insert(late as Tx, 'late'), /after its transaction ended/)
  t.same(await names(), ['kept', 'kept-too'])
})

t.test('closing waits for running statements and refuses later ones', async (t) => {
  const { db, close, names } = await open(t, 1)
  const running = db.transaction(async (tx) => {
    await tx.execute(sql`select pg_sleep(0.2)`)
    await tx.insert(users).values(person('finished'))
  })
  const waiting = pidOf(db)
  const closing = close()
  await unavailable(t, waiting, 'a query that waits for a connection')
  await running
  await closing
  await unavailable(t, pidOf(db), 'a query after closing')
  t.same(await names(), ['finished'])
})
