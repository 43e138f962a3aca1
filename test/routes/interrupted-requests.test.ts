import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect as connectSocket } from 'node:net'
import pino from 'pino'
import { buildTestApp, type TestApp } from '../helpers/app.js'
import { connect, createTestDatabase } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { openProxy } from '../helpers/proxy.js'
import { recordedRequests } from '../helpers/recorded-requests.js'
import t, { type Test } from '../tap.js'

const open = async (t: Test, options = {}) => {
  const testApp = await buildTestApp(t, { config: { RATE_LIMIT: 'off' }, ...options })
  const sql = connect(t, testApp.database.ownerUrl)
  await testApp.app.listen({ port: 0, host: '127.0.0.1' })
  return { ...testApp, sql, port: (testApp.app.server.address() as AddressInfo).port }
}

/**
 * The raw bytes of a request that changes the user's name. `length` is added to the content length.
 */
function patchBytes(token: string, requestId: string, firstName: string, { length = 0 } = {}): string {
  const body = JSON.stringify({ firstName })
  return [
    'PATCH /api/v1/me HTTP/1.1',
    'Host: localhost',
    `Authorization: Bearer ${token}`,
    `X-Request-Id: ${requestId}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length + length}`,
    '',
    body,
  ].join('\r\n')
}

t.test('records a client that hangs up after its body, with the changes of its request', async (t) => {
  const { app, signUp, sql, port } = await open(t)
  const admin = await signUp({ role: 'super_admin' })
  const user = await signUp()
  const requestId = randomUUID()
  const holder = await sql.reserve()
  t.teardown(() => holder.release())
  await holder`begin`
  await holder`select from users where id = ${user.user?.id ?? ''} for update`
  const socket = connectSocket(port, '127.0.0.1')
  socket.write(patchBytes(user.user?.accessToken ?? '', requestId, 'Gone'))
  await eventually(async () => {
    const [waiting] = await sql`
      select from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()`
    return waiting
  })
  const closed = eventually(
    () => new Promise((resolve) => app.server.getConnections((_, n) => resolve(n === 0))),
  )
  socket.resetAndDestroy()
  await closed
  await holder`commit`
  const search = recordedRequests(app, admin)
  const [record, ...others] = await search({ requestId })
  t.match(record, { outcome: 'aborted', actor: 'user', userId: user.user?.id, rowsChanged: 1, entries: 1 })
  t.strictSame(others, [])
  const { data } = (await admin.get(`/audit-logs?requestId=${requestId}`)).body
  t.match(data, [{ actor: 'user', userId: user.user?.id, stateAfter: { firstName: 'Gone' } }])
})

t.test('records a client that hangs up within its body and changes nothing', async (t) => {
  const { app, signUp, port } = await open(t)
  const admin = await signUp({ role: 'super_admin' })
  const user = await signUp()
  const requestId = randomUUID()
  const begun = once(app.server, 'request')
  const socket = connectSocket(port, '127.0.0.1')
  socket.write(patchBytes(user.user?.accessToken ?? '', requestId, 'Half', { length: 10 }))
  await begun
  socket.resetAndDestroy()
  const [record] = await eventually(async () => {
    const found = await recordedRequests(app, admin)({ requestId })
    return found.length > 0 ? found : undefined
  })
  t.match(record, { outcome: 'aborted', userId: user.user?.id, rowsChanged: 0, entries: 0 })
})

t.test('a shutdown writes the pending records', async (t) => {
  const { app, signUp, sql } = await open(t)
  const user = await signUp()
  const [{ n: before } = { n: 0 }] = await sql<
    { n: number }[]
  >`select count(*)::int as n from audit.audit_requests`
  for (let i = 0; i < 5; i += 1) await user.patch('/me', { firstName: `Name ${i}` })
  await app.close()
  const [{ n: after } = { n: 0 }] = await sql<{ n: number }[]>`
    select count(*)::int as n from audit.audit_requests where method = 'PATCH' and outcome = 'ok'`
  t.equal(after, 5)
  t.ok(before >= 0)
})

t.test('records wait while the database is away, and each is written once', async (t) => {
  const database = await createTestDatabase(t)
  const proxy = await openProxy(t, database.url)
  const lines: string[] = []
  const logger = pino({}, { write: (line) => lines.push(line) })
  const { app, anonymous, sql }: Omit<TestApp, 'signUp'> & { sql: ReturnType<typeof connect> } = await open(
    t,
    {
      database: { ...database, url: proxy.url },
      logger,
    },
  )
  const attempt = () => anonymous.patch('/me', { firstName: 'X' })
  await attempt()
  await app.settleAuditRequests()
  proxy.freeze()
  t.equal((await attempt()).status, 401)
  proxy.reset()
  await app.settleAuditRequests()
  t.ok(lines.some((line) => line.includes('requests cannot be recorded for the moment')))
  proxy.thaw()
  await attempt()
  await eventually(async () => {
    await app.settleAuditRequests()
    const [row] =
      await sql`select count(*)::int as n, count(distinct request_id)::int as requests from audit.audit_requests`
    return row?.n === 3 && row.requests === 3
  })
  t.pass('all three records are written once')
})

t.test('a record that the database refuses blocks no other and is logged', async (t) => {
  const lines: string[] = []
  const logger = pino({}, { write: (line) => lines.push(line) })
  const { app, anonymous, sql } = await open(t, { logger })
  await sql`alter table audit.audit_requests add constraint no_bad_ones check (url not like '%bad%')`
  for (const url of ['/good', '/bad', '/fine']) await anonymous.post(url)
  await app.settleAuditRequests()
  const stored = await sql`select url from audit.audit_requests order by id`
  t.strictSame(
    stored.map(({ url }) => url),
    ['/api/v1/good', '/api/v1/fine'],
  )
  const line = lines.find((text) => text.includes('a request could not be recorded'))
  t.match(JSON.parse(line ?? '{}'), { request: { url: '/api/v1/bad', method: 'POST', actor: 'anonymous' } })
})
