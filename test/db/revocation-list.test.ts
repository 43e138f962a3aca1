import { randomUUID } from 'node:crypto'
import type postgres from 'postgres'
import { createDatabaseClient } from '../../src/db/driver/client.js'
import { createUser } from '../../src/db/queries/accounts/users.js'
import { openRevocationList } from '../../src/db/queries/sessions/revocation-list.js'
import { endSession } from '../../src/db/queries/sessions/sessions.js'
import { sessions } from '../../src/db/schema/sessions.js'
import type { UserRole } from '../../src/lib/auth/roles.js'
import { PRODUCT } from '../../src/lib/product.js'
import { clientOptions } from '../helpers/audit.js'
import { connect, createTestDatabase, type TestDatabase } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { openProxy } from '../helpers/proxy.js'
import t, { type Test } from '../tap.js'

const inAnHour = () => new Date(Date.now() + 3_600_000)

/** The revocation list of one API process. It listens at `url` and queries at `dbUrl`. */
async function openList(t: Test, database: TestDatabase, { url = database.url, dbUrl = database.url } = {}) {
  const client = createDatabaseClient(clientOptions(dbUrl, 1))
  const errors: unknown[] = []
  const list = await openRevocationList({
    db: client.db,
    url,
    tokenLifetimeSeconds: 900,
    onError: (error) => errors.push(error),
  })
  t.teardown(async () => {
    await list.close()
    await client.close()
  })
  return { ...list, errors }
}

async function openDatabase(t: Test) {
  const database = await createTestDatabase(t)
  const { db, close } = createDatabaseClient(clientOptions(database.url))
  t.teardown(close)
  const person = { email: 'ada@example.com', firstName: 'Ada', lastName: 'Test', passwordHash: 'x' }
  const user = await createUser(db, person)
  const admin = connect(t, database.adminUrl)
  const addSession = async () => {
    const [session] = await db
      .insert(sessions)
      .values({ userId: user.id, expiresAt: inAnHour() })
      .returning({ sessionId: sessions.id })
    return { userId: user.id, sessionId: session?.sessionId ?? '', role: user.role }
  }
  const setRole = (role: UserRole) => admin`update users set role = ${role} where id = ${user.id}`
  return { database, db, admin, addSession, setRole }
}

async function killListener(admin: postgres.Sql): Promise<void> {
  await admin`
    select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where application_name like ${`${PRODUCT.name} listener%`} and datname = current_database()`
}

t.test('a process reads the revocations from before its start', async (t) => {
  const { database, db, addSession, setRole } = await openDatabase(t)
  const [dead, alive] = [await addSession(), await addSession()]
  await endSession(db, dead.sessionId)
  const list = await openList(t, database)
  t.equal(await list.isRevoked(dead), true)
  t.equal(await list.isRevoked(alive), false)
  await setRole('super_admin')
  await list.settle()
  t.equal(await list.isRevoked(alive), true, 'a token with the previous role is revoked')
  t.equal(
    await list.isRevoked({ ...alive, role: 'super_admin' }),
    false,
    'a token with the new role is valid',
  )
  t.equal(await list.isRevoked({ ...alive, userId: randomUUID() }), false)
})

t.test('asks the database while announcements cannot be heard', async (t) => {
  const { database, db, admin, addSession } = await openDatabase(t)
  const list = await openList(t, database)
  for (let round = 0; round < 3; round += 1) {
    const [dead, deadLater, alive] = [await addSession(), await addSession(), await addSession()]
    await Promise.all([killListener(admin), endSession(db, dead.sessionId)])
    // The revocation is committed: from here on the token must be refused at every moment.
    await eventually(async () => {
      const isHearing = await list.settle()
      t.equal(await list.isRevoked(dead), true, `refused, ${isHearing ? 'from memory' : 'by the database'}`)
      t.equal(await list.isRevoked(alive), false)
      return isHearing
    })
    await endSession(db, deadLater.sessionId)
    t.equal(await list.settle(), true)
    t.equal(await list.isRevoked(deadLater), true, 'the listener hears announcements again')
    t.equal(await list.isRevoked(alive), false)
  }
  t.equal(list.errors.length, 3, 'each loss is reported once')
})

t.test('soon stops trusting a listener whose network fell silent', async (t) => {
  const { database, db, addSession } = await openDatabase(t)
  const proxy = await openProxy(t, database.url)
  const list = await openList(t, database, { url: proxy.url })
  const dead = await addSession()
  proxy.freeze()
  await endSession(db, dead.sessionId)
  await eventually(() => list.isRevoked(dead))
  t.equal(await list.settle(), false, 'the list knows that it cannot hear')
  proxy.thaw()
  proxy.reset()
  await eventually(() => list.settle())
  t.equal(await list.isRevoked(dead), true)
})

t.test('an announcement during a read of the table is not overwritten by that read', async (t) => {
  const { database, admin, addSession, setRole } = await openDatabase(t)
  const proxy = await openProxy(t, database.url)
  const claims = await addSession()
  const asAdmin = { ...claims, role: 'super_admin' as const }
  await setRole('super_admin')
  const list = await openList(t, database, { dbUrl: proxy.url })
  t.equal(await list.isRevoked(asAdmin), false)

  proxy.freeze()
  const [clock] = await admin<{ now: string }[]>`select clock_timestamp()::text as now`
  await killListener(admin)
  // The new listener has queried the table, and the result is on its way.
  await eventually(async () => {
    const [query] = await admin`
      select from pg_stat_activity where datname = current_database() and application_name = 'test'
        and state = 'idle' and query like '%access_revocations%' and query_start > ${clock?.now ?? ''}`
    return query
  })
  const witness = await openList(t, database)
  await setRole('user')
  await eventually(() => witness.isRevoked(asAdmin))
  proxy.thaw()
  await eventually(() => list.settle())
  t.equal(await list.isRevoked(asAdmin), true, 'a token with the role that was lost meanwhile is revoked')
  t.equal(await list.isRevoked(claims), false)
})
