import { randomUUID } from 'node:crypto'
import { generateToken } from '../../src/lib/auth/opaque-tokens.js'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import type { Client } from '../helpers/client.js'
import { connect } from '../helpers/database.js'
import { moved } from '../helpers/moved.js'
import { UNKNOWN_ID } from '../helpers/operations.js'
import { type Call, recordedRequests, recordsOfCalls } from '../helpers/recorded-requests.js'
import t from '../tap.js'

const { app, database, signUp, anonymous } = await buildTestApp(t, { config: { RATE_LIMIT: 'off' } })
const admin = await signUp({ role: 'super_admin' })
const sql = connect(t, database.ownerUrl)
const search = recordedRequests(app, admin)
const recordOf = recordsOfCalls(search)

/** Writing the pending records resets the counters of floods. */
t.beforeEach(() => app.settleAuditRequests())

t.test('discards values that an operation refuses, because they may be a password', async (t) => {
  const user = await signUp()
  const typed = 'hunter2 and a half'
  const login = { url: '/auth/login' }
  const newUser = { email: 'new@example.com', firstName: 'Ada', lastName: 'New' }
  const cases: [Client, Call, body: unknown][] = [
    [
      anonymous,
      { ...login, payload: { email: typed, password: 'x@example.com' } },
      { email: '[redacted]', password: '[redacted]' },
    ],
    [anonymous, { ...login, payload: { email: [typed], password: 'x' } }, { email: '[redacted]' }],
    [anonymous, { ...login, payload: { email: { x: typed }, password: 'x' } }, { email: '[redacted]' }],
    [anonymous, { ...login, payload: [typed] }, '[redacted]'],
    [anonymous, { ...login, payload: { email: 'ada@example.com' } }, { email: 'ada@example.com' }],
    [admin, { url: '/users', payload: { ...newUser, email: typed } }, { ...newUser, email: '[redacted]' }],
  ]
  for (const [client, call, expected] of cases) {
    const { status, record } = await recordOf(client, call)
    t.ok(status >= 400, `${call.url}: ${status}`)
    t.match(record?.body, expected)
  }
  const query = await recordOf(user, { method: 'GET', url: `/users?limit=${encodeURIComponent(typed)}` })
  t.match(query.record, {
    status: 403,
    url: '/api/v1/users?[redacted]',
    args: { query: { limit: '[redacted]' } },
  })
  const rows = await sql`select from audit.audit_requests r where r::text like ${`%hunter2%`}`
  t.equal(rows.length, 0)
})

t.test('keeps times that an operation has accepted', async (t) => {
  const query = { from: '2026-01-31T09:30:00.000Z', organizationId: UNKNOWN_ID }
  const url = `/audit-logs?${new URLSearchParams(query)}`
  const { record } = await recordOf(await signUp(), { method: 'GET', url })
  t.match(record, { status: 403, args: { query } })
})

t.test('no record contains one of our tokens, wherever a client puts it', async (t) => {
  const user = await signUp()
  const token = generateToken()
  const jwt = user.user?.accessToken ?? ''
  const headers = {
    'x-anything': token,
    'x-more': `id=${jwt}`,
    referer: `https://app.example/invite/${token}?a=${token}`,
  }
  for (const secret of [token, jwt, encodeURIComponent(encodeURIComponent(`/${token}`))]) {
    for (const url of [
      `/api/v1/nowhere/${secret}/x`,
      `/api/v1/me?ref=${secret}`,
      `/api/v1/me/sessions/${secret}`,
    ])
      await anonymous.request({ method: 'DELETE', url, headers })
    await user.request({
      method: 'PATCH',
      url: '/api/v1/me',
      payload: { firstName: secret.slice(0, 99) },
      headers,
    })
  }
  await search()
  const requests = await sql<{ line: string }[]>`select r::text as line from audit.audit_requests r`
  const entries = await moved(sql)<{ line: string }[]>`
    select (headers, body, url, args)::text as line from audit.audit_log where user_id = ${String(user.user?.id)}`
  t.ok(requests.length > 9 && entries.length > 0)
  for (const { line } of [...requests, ...entries])
    for (const secret of [token, jwt]) t.notOk(line.includes(secret), line.slice(0, 200))
})

t.test('a reused request id removes nothing from another record', async (t) => {
  const user = await signUp()
  const requestId = randomUUID()
  const written = await recordOf(user, {
    method: 'PATCH',
    url: '/me',
    payload: { firstName: 'Grace' },
    requestId,
  })
  t.match(written.record, { outcome: 'ok', entries: 1, headers: null, body: null })
  await anonymous.request({
    method: 'PATCH',
    url: '/api/v1/me',
    payload: { firstName: 'Attempt' },
    headers: { 'x-request-id': requestId },
  })
  const [denied] = await search({ requestId, outcome: 'denied' })
  t.match(denied, { status: 401, entries: 0, headers: { 'x-request-id': requestId }, args: { query: {} } })
  await anonymous.request({
    method: 'POST',
    url: '/api/v1/auth/login',
    payload: { email: user.user?.email, password: 'wrong' },
    headers: { 'x-request-id': requestId },
  })
  const [failed] = await search({ requestId, event: 'sign_in_failed' })
  t.match(failed, { entries: 0, body: { email: user.user?.email } })

  await sql`alter table users disable trigger audit_capture`
  await user.request({
    method: 'PATCH',
    url: '/api/v1/me',
    payload: { firstName: 'Unseen' },
    headers: { 'x-request-id': requestId },
  })
  await sql`alter table users enable trigger audit_capture`
  t.match(await search({ requestId, outcome: 'missing_audit' }), [{ rowsChanged: 1, entries: 0 }])
})

t.test('keeps at most 4 KB of a refused or anonymous request and marks the cut', async (t) => {
  const user = await signUp()
  const long = '密'.repeat(700)
  const payload = { email: long, password: long, list: Array(200).fill(Array(100).fill(1e300)) }
  for (const [client, url] of [
    [anonymous, '/api/v1/auth/login'],
    [user, '/api/v1/users'],
  ] as const) {
    const requestId = randomUUID()
    const headers = { 'x-request-id': requestId, 'x-long': 'y'.repeat(9_000), 'x-other': 'z'.repeat(5_000) }
    await client.request({ method: 'POST', url: `${url}/${'x'.repeat(3_000)}?q=1`, payload, headers })
    await search()
    const [row] = await sql<{ bytes: number; text: string }[]>`
      select octet_length(concat(url, headers, body, args)) as bytes, concat(url, headers, body, args) as text
      from audit.audit_requests where request_id = ${requestId}`
    t.ok(Number(row?.bytes) < 4_500, `${row?.bytes} bytes`)
    t.match(row?.text, /\[truncated\]/)
  }
})

t.test('summarizes a flood of refused requests, except for those that concern an account', async (t) => {
  const victim = await signUp()
  const subjectId = String(victim.user?.id)
  const [{ id: last }] = (await search()) as unknown as [{ id: string }]
  for (let i = 0; i < 50; i += 1) {
    await anonymous.get('/me')
    if (i % 10 === 0) await anonymous.request({ method: 'DELETE', url: `/api/v1/nowhere/${i}` })
  }
  for (let i = 0; i < 3; i += 1)
    await anonymous.post('/auth/login', { email: victim.user?.email, password: `${PASSWORD}${i}` })
  await victim.get('/users')
  const records = (await search()).filter(({ id }) => String(id) > last)
  const ofFlood = records.filter(({ userId, subjectId }) => userId === null && subjectId === null)
  t.equal(ofFlood.length, 22, 'twenty records and two summaries')
  const details = { headers: null, body: null, args: null }
  t.match(
    ofFlood.filter(({ count }) => count !== 1).sort((a, b) => Number(a.count) - Number(b.count)),
    [
      { method: 'DELETE', route: null, url: '*', status: 404, count: 3, ip: '127.0.0.1', ...details },
      {
        method: 'GET',
        route: '/api/v1/me',
        url: '/api/v1/me',
        status: 401,
        count: 32,
        event: 'access_denied',
        ...details,
      },
    ],
  )
  const known = records.filter((record) => record.subjectId === subjectId)
  t.match(known, Array(3).fill({ event: 'sign_in_failed', count: 1, outcome: 'denied' }))
  t.match(
    records.filter(({ userId }) => userId === subjectId),
    [{ route: '/api/v1/users', count: 1, outcome: 'denied' }],
  )
})
