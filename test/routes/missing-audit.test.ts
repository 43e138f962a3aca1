import { randomUUID } from 'node:crypto'
import pino from 'pino'
import { buildTestApp } from '../helpers/app.js'
import { connect } from '../helpers/database.js'
import { recordedRequests, recordsOfCalls } from '../helpers/recorded-requests.js'
import t from '../tap.js'

const lines: string[] = []
const { app, database, signUp, anonymous } = await buildTestApp(t, {
  config: { RATE_LIMIT: 'off' },
  logger: pino({}, { write: (line) => lines.push(line) }),
})
const admin = await signUp({ role: 'super_admin' })
const sql = connect(t, database.ownerUrl)
const search = recordedRequests(app, admin)
const recordOf = recordsOfCalls(search)

t.test('only rows that change while a trigger is disabled raise missing_audit', async (t) => {
  const user = await signUp()
  const rename = (firstName: string, requestId?: string) =>
    recordOf(user, { method: 'PATCH', url: '/me', payload: { firstName }, requestId })
  // A request id chosen by the client, which older entries already have, hides nothing.
  const requestId = randomUUID()
  await sql`
    insert into audit.audit_log (id, created_at, actor, request_id, table_name, object_id, action)
    select uuid_v7(hour_ago), hour_ago, 'user', ${requestId}, 'users', ${randomUUID()}, 'create'
    from (select now() - interval '1 hour') as moment (hour_ago)`
  await sql`alter table users disable trigger audit_capture`
  const unseen = await rename('Unseen', requestId)
  await sql`alter table users enable trigger audit_capture`
  t.match(unseen.record, {
    outcome: 'missing_audit',
    status: 200,
    rowsChanged: 1,
    entries: 0,
    body: { firstName: 'Unseen' },
  })
  const alarms = lines.filter((line) => line.includes('missing_audit'))
  t.equal(alarms.length, 1)
  t.match(JSON.parse(alarms[0] ?? ''), { level: 50, requestId: unseen.requestId })

  t.match((await rename('Seen')).record, { outcome: 'ok' })
  // A refresh after a while only records the time of the last use, which leaves no entry.
  await sql`update sessions set last_used_at = now() - interval '1 hour'`
  const payload = { refreshToken: user.user?.refreshToken }
  t.match((await recordOf(anonymous, { url: '/auth/refresh', payload })).record, {
    outcome: 'ok',
    entries: 0,
  })
  // Rows of a rolled back transaction do not count.
  const taken = { email: admin.user?.email, firstName: 'X', lastName: 'Y' }
  t.match((await recordOf(admin, { url: '/users', payload: taken })).record, {
    outcome: 'rejected',
    status: 409,
    rowsChanged: 0,
  })
  t.strictSame(
    (await search({ outcome: 'missing_audit' })).map(({ requestId }) => requestId),
    [unseen.requestId],
  )
})
