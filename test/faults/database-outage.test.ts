import type { Config } from '../../src/config/index.js'
import { buildTestApp } from '../helpers/app.js'
import type { Answer } from '../helpers/client.js'
import { connect, createTestDatabase, testDatabases } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { findMistake } from '../helpers/problems.js'
import { openProxy } from '../helpers/proxy.js'
import { readinessSaying } from '../helpers/readiness.js'
import t, { type Test } from '../tap.js'

const POOL_MAX = 4
const MANY = 20

/** Round-trip times: around the world, and too slow to work with. */
const FAR_MS = 75
const LOST_MS = 500

/** Gives up soon on statements that the network swallows. */
const IMPATIENT = { DATABASE_STATEMENT_TIMEOUT_MS: 1_000 }
/** Leaves QUEUE_TIMEOUT_MS as the only limit on the wait for a connection. */
const PATIENT = { DATABASE_CONNECT_TIMEOUT_MS: 60_000, DATABASE_STATEMENT_TIMEOUT_MS: 60_000 }

/** Starts the API with a proxy to its database that can fail like a network. */
async function start(t: Test, config: Partial<Config> = {}) {
  const database = await createTestDatabase(t)
  const proxy = await openProxy(t, database.url)
  const { anonymous, signUp } = await buildTestApp(t, {
    database: { ...database, url: proxy.url },
    config: { DATABASE_POOL_MAX: POOL_MAX, ...config },
  })
  const user = await signUp()
  const owner = connect(t, database.ownerUrl)
  const admin = connect(t, database.adminUrl)
  const get = (url: string) => anonymous.request({ method: 'GET', url })

  /** Ends every session of the application with the error of a server that shuts down. */
  const endSessions = () => admin`
    select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where datname = current_database() and usename = ${database.appRole} and pid <> pg_backend_pid()`
  const many = () => Promise.all(Array.from({ length: MANY }, () => user.get('/me')))

  /** Runs `work` while requests hold all connections of the pool and wait for a lock. */
  const withFullPool = (work: () => Promise<unknown>) =>
    owner.begin(async (tx) => {
      await tx`lock table users in access exclusive mode`
      const waiting = Array.from({ length: POOL_MAX }, () => user.get('/me'))
      await eventually(async () => {
        const [row] = await tx`
          select count(*)::int as count from pg_locks where relation = 'users'::regclass and not granted`
        return row?.count === POOL_MAX
      })
      await work()
      return { waiting }
    })
  return { proxy, user, owner, get, endSessions, many, withFullPool, database }
}

const isUnavailable = (t: Test, answer: Answer, title: string) => {
  t.equal(findMistake(answer, { status: 503, code: 'SERVICE_UNAVAILABLE' }), undefined, title)
  t.match(answer.headers['retry-after'], /^[1-9]\d*$/, title)
}

const countOf = (answers: Answer[], status: number) =>
  answers.filter((answer) => answer.status === status).length

const ready = (get: (url: string) => Promise<Answer>, status: string) =>
  readinessSaying(() => get('/readyz'), `"status":"${status}"`)

t.test('a restart of PostgreSQL fails requests in flight with 503, and none after it is back', async (t) => {
  const { proxy, get, endSessions, many, withFullPool } = await start(t)
  for (const round of ['first', 'second', 'third']) {
    const { waiting } = await withFullPool(async () => {
      await endSessions()
      await proxy.close()
    })
    for (const answer of await Promise.all(waiting)) isUnavailable(t, answer, `${round}: in flight`)
    for (const answer of await many()) isUnavailable(t, answer, `${round}: while it is away`)
    t.match(await ready(get, 'not ready'), { status: 503, body: { checks: { database: 'unavailable' } } })
    t.equal((await get('/healthz')).status, 200)
    await proxy.open()
    t.equal(countOf(await many(), 200), MANY, `${round}: no request fails once it is back`)
    t.match(await ready(get, 'ready'), { status: 200 })
  }
})

t.test('every request gets a 503 while PostgreSQL is frozen, and all succeed afterwards', async (t) => {
  const { proxy, get, many } = await start(t, IMPATIENT)
  await many()
  proxy.freeze()
  for (const answer of await many()) isUnavailable(t, answer, 'frozen')
  t.match(await ready(get, 'not ready'), {
    status: 503,
    body: { checks: { database: /^(no answer|unavailable)$/ } },
  })
  t.equal((await get('/healthz')).status, 200)
  proxy.thaw()
  t.equal(countOf(await many(), 200), MANY)
  await ready(get, 'ready')
})

t.test('a slow network delays answers and refuses only requests that would wait too long', async (t) => {
  const slow = await start(t, { QUEUE_TIMEOUT_MS: 900 })
  slow.proxy.delay(FAR_MS)
  t.match(await slow.user.patch('/me', { firstName: 'Grace' }), {
    status: 200,
    body: { firstName: 'Grace' },
  })
  t.equal((await slow.user.get('/me')).status, 200)
  t.match(await ready(slow.get, 'ready'), { status: 200 })
  slow.proxy.delay(LOST_MS)
  const answers = await slow.many()
  const refused = answers.filter(({ status }) => status !== 200)
  for (const answer of refused) isUnavailable(t, answer, 'waited too long for a connection')
  t.ok(refused.length > 0 && refused.length < answers.length)
  slow.proxy.delay(0)
  t.equal(countOf(await slow.many(), 200), MANY, 'all requests succeed once the network is fast')
})

t.test('detects and replaces each connection that the network dropped', async (t) => {
  const { proxy, get, many } = await start(t, IMPATIENT)
  await many()
  const connections = proxy.connections()
  proxy.forget()
  for (const answer of await many())
    if (answer.status !== 200) isUnavailable(t, answer, 'on a dropped connection')
  t.equal(countOf(await many(), 200), MANY, 'all dropped connections are replaced')
  await ready(get, 'ready')
  t.ok(proxy.connections() > connections)
})

t.test(
  'requests waiting for a connection fail in time while all connections hang, and other routes work',
  async (t) => {
    const { get, user, many, withFullPool } = await start(t, PATIENT)
    const { waiting } = await withFullPool(async () => {
      for (const answer of await many()) isUnavailable(t, answer, 'waits for a connection')
      for (const path of ['/healthz', '/readyz', '/.well-known/jwks.json'])
        t.equal((await get(path)).status, 200, path)
    })
    t.equal(countOf(await Promise.all(waiting), 200), POOL_MAX, 'the hanging requests succeed in the end')
    t.equal((await user.get('/me')).status, 200)
  },
)

t.test('keeps no connection to a server that became read-only in a failover', async (t) => {
  const { get, user, owner, endSessions, many, database } = await start(t)
  const name = owner(new URL(database.ownerUrl).pathname.slice(1))
  const rename = (firstName: string) => user.patch('/me', { firstName })
  await owner`alter database ${name} set default_transaction_read_only = on`
  await endSessions()
  await many()
  t.match(await ready(get, 'degraded'), {
    status: 200,
    body: { status: 'degraded', checks: { database: 'degraded: the database is read-only' } },
  })
  isUnavailable(t, await rename('Grace'), 'a write')
  t.equal((await user.get('/me')).status, 200, 'a read')

  // From now on new connections can write; open ones are still read-only.
  await owner`alter database ${name} reset default_transaction_read_only`
  const writes = await Promise.all(Array.from({ length: POOL_MAX }, (_, i) => rename(`Ada ${i}`)))
  t.equal(countOf(writes, 200) + countOf(writes, 503), POOL_MAX)
  t.equal((await rename('Ada')).status, 200, 'each read-only connection was replaced')
  await ready(get, 'ready')
})

const REFUSALS = [
  { title: 'refuses connections', fault: 'allow_connections false', repair: 'allow_connections true' },
  { title: 'has no connection left', fault: 'connection limit 0', repair: 'connection limit -1' },
]

for (const { title, fault, repair } of REFUSALS) {
  t.test(`requests get a 503 while PostgreSQL ${title}`, async (t) => {
    const { get, user, endSessions, many, database } = await start(t)
    const name = new URL(database.ownerUrl).pathname.slice(1)
    // From another database, because a session cannot close its own one.
    const outside = connect(t, testDatabases().adminUrl)
    const alter = (how: string) => outside.unsafe(`alter database ${name} with ${how}`)
    // Opens the connection that ends the sessions while connections are still accepted.
    await endSessions()
    await alter(fault)
    await endSessions()
    await many()
    isUnavailable(t, await user.get('/me'), title)
    t.match(await ready(get, 'not ready'), { status: 503, body: { checks: { database: 'unavailable' } } })
    await alter(repair)
    t.equal(countOf(await many(), 200), MANY)
    await ready(get, 'ready')
  })
}
