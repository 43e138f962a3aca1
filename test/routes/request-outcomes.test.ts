import { randomUUID } from 'node:crypto'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import type { Client } from '../helpers/client.js'
import { connect } from '../helpers/database.js'
import { type Call, recordedRequests, recordsOfCalls } from '../helpers/recorded-requests.js'
import t from '../tap.js'

const { app, database, signUp, anonymous } = await buildTestApp(t, {
  config: { RATE_LIMIT: 'off', REFRESH_TOKEN_GRACE_SECONDS: 0 },
})
const admin = await signUp({ role: 'super_admin' })
const sql = connect(t, database.ownerUrl)
const search = recordedRequests(app, admin)
const recordOf = recordsOfCalls(search)

t.test(
  'records the outcome of every request that wanted to change something, and every denial',
  async (t) => {
    const user = await signUp()
    const userId = user.user?.id
    const me = { method: 'PATCH', url: '/me' } as const
    const asUser = { actor: 'user', userId }
    const nobody = { actor: 'anonymous', userId: null }
    const changed = await recordOf(user, { ...me, payload: { firstName: 'Grace' } })
    t.match(changed.record, {
      ...asUser,
      id: /^[0-9a-f-]{14}7/,
      createdAt: /Z$/,
      outcome: 'ok',
      status: 200,
      event: null,
      method: 'PATCH',
      route: '/api/v1/me',
      url: '/api/v1/me',
      ip: '127.0.0.1',
      rowsChanged: 1,
      entries: 1,
    })
    t.match(changed.record, { headers: null, body: null, args: null }, 'the entry has these fields instead')
    t.strictSame((await admin.get(`/audit-requests/${changed.record?.id}`)).body, changed.record)
    const { body: joined } = await admin.get(`/audit-logs?requestId=${changed.requestId}`)
    t.equal(joined.data.length, 1)

    const refused = await recordOf(user, { ...me, payload: { firstName: 'Grace', password: 'hunter2' } })
    t.match(refused.record, { ...asUser, outcome: 'rejected', status: 400, rowsChanged: 0, entries: 0 })
    t.match(
      refused.record,
      { body: { firstName: 'Grace', password: '[redacted]' }, headers: { authorization: '[redacted]' } },
      'the record keeps the body, because there is no entry',
    )

    const cases: [Client, Call, object][] = [
      [
        anonymous,
        { ...me, payload: {} },
        { ...nobody, outcome: 'denied', status: 401, event: 'access_denied' },
      ],
      [anonymous, { method: 'GET', url: '/me' }, { ...nobody, outcome: 'denied', status: 401 }],
      [
        user,
        { method: 'GET', url: '/users' },
        { ...asUser, outcome: 'denied', status: 403, event: 'access_denied' },
      ],
      [user, { url: '/users', payload: {} }, { ...asUser, outcome: 'denied', status: 403 }],
      [admin, { method: 'DELETE', url: `/users/${randomUUID()}` }, { outcome: 'rejected', status: 404 }],
      [user, { url: '/nowhere' }, { outcome: 'rejected', status: 404, route: null }],
      [user, { method: 'PUT', url: '/me' }, { outcome: 'rejected', status: 405 }],
    ]
    for (const [client, call, expected] of cases) {
      const { status, record } = await recordOf(client, call)
      t.match(record, expected, `${call.method ?? 'POST'} ${call.url}: ${status}`)
    }

    await sql`alter table users add constraint no_canaries check (first_name <> 'Canary')`
    const failed = await recordOf(user, { ...me, payload: { firstName: 'Canary' } })
    t.match(failed, { status: 500, record: { ...asUser, outcome: 'error', status: 500, entries: 0 } })

    for (const url of ['/me', '/me/sessions', '/no-such-page']) {
      const { record } = await recordOf(user, { method: 'GET', url })
      t.equal(record, undefined, `a successful GET ${url} is not recorded`)
    }
  },
)

t.test('finds sign-ins, sign-outs, failures, thefts and permission changes by name', async (t) => {
  const email = 'named@example.com'
  const user = await signUp({ email })
  const subjectId = user.user?.id
  const login = (password: string, address = email) =>
    recordOf(anonymous, { url: '/auth/login', payload: { email: address, password } })

  t.match((await login(PASSWORD)).record, {
    event: 'sign_in',
    subjectId,
    userId: null,
    outcome: 'ok',
    entries: 1,
  })
  const wrong = await login('a wrong and loud sentence')
  t.match(wrong.record, {
    event: 'sign_in_failed',
    subjectId,
    outcome: 'denied',
    status: 401,
    body: { email, password: '[redacted]' },
  })
  t.match((await login(PASSWORD, 'nobody@example.com')).record, {
    event: 'sign_in_failed',
    subjectId: null,
    body: { email: 'nobody@example.com' },
  })

  const refresh = () =>
    recordOf(anonymous, { url: '/auth/refresh', payload: { refreshToken: user.user?.refreshToken } })
  t.match((await refresh()).record, { event: null, outcome: 'ok' })
  t.match((await refresh()).record, {
    event: 'refresh_token_reused',
    subjectId,
    outcome: 'denied',
    status: 401,
  })

  const again = await anonymous.signIn(email, PASSWORD)
  const newPassword = `${PASSWORD}, and another`
  t.match(
    (await recordOf(again, { url: '/me/change-password', payload: { currentPassword: 'x', newPassword } }))
      .record,
    { event: 'reauthentication_failed', userId: subjectId, outcome: 'denied' },
  )
  t.match(
    (
      await recordOf(again, {
        url: '/me/change-password',
        payload: { currentPassword: PASSWORD, newPassword },
      })
    ).record,
    { event: 'password_changed', userId: subjectId, outcome: 'ok' },
  )
  t.match(
    (await recordOf(anonymous, { url: '/auth/verify-email', payload: { token: 'x'.repeat(43) } })).record,
    { event: 'mailed_token_refused', outcome: 'rejected' },
  )
  const patch = (payload: object) => recordOf(admin, { method: 'PATCH', url: `/users/${subjectId}`, payload })
  const byAdmin = { userId: admin.user?.id, subjectId, outcome: 'ok' }
  t.match((await patch({ lastName: 'Hopper' })).record, { event: null, outcome: 'ok' })
  t.match((await patch({ role: 'super_admin' })).record, { ...byAdmin, event: 'role_changed' })
  t.match((await patch({ status: 'disabled' })).record, { ...byAdmin, event: 'status_changed' })
  await patch({ status: 'active', role: 'user' })
  const last = await anonymous.signIn(email, newPassword)
  t.match((await recordOf(last, { method: 'DELETE', url: '/me/sessions' })).record, {
    event: 'sessions_ended',
  })
  t.match((await recordOf(last, { url: '/auth/logout' })).record, {
    event: 'sign_out',
    userId: subjectId,
    outcome: 'ok',
  })
  t.match((await recordOf(admin, { method: 'DELETE', url: `/users/${subjectId}` })).record, {
    ...byAdmin,
    event: 'user_deleted',
  })

  const found = await search({ subjectId: String(subjectId), event: 'sign_in_failed' })
  t.strictSame(
    found.map(({ requestId }) => requestId),
    [wrong.requestId],
  )
  const denied = await search({ outcome: 'denied' })
  t.ok(denied.length > 5 && denied.every(({ outcome }) => outcome === 'denied'))
})

t.test('only a super_admin reads request records, and no caller writes them', async (t) => {
  const user = await signUp()
  const [record] = await search({ limit: '1' })
  for (const url of ['/audit-requests', `/audit-requests/${record?.id}`]) {
    t.match(await user.get(url), { status: 403, body: { code: 'FORBIDDEN' } })
    t.match(await anonymous.get(url), { status: 401 })
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const)
      t.match(await admin.request({ method, url: `/api/v1${url}` }), { status: 405 })
  }
  t.match(await admin.get(`/audit-requests/${randomUUID()}`), { status: 404 })
  for (const [name, value] of [
    ['event', 'sign_ins'],
    ['outcome', 'fine'],
    ['userId', 'x'],
    ['from', 'yesterday'],
    ['sort', 'status'],
  ]) {
    t.match(await admin.get(`/audit-requests?${name}=${value}`), {
      status: 400,
      body: { errors: [{ path: name }] },
    })
  }
})

t.test('pages go through all records, and times bound them', async (t) => {
  const all = await search()
  const { body: first } = await admin.get('/audit-requests?limit=2&sort=createdAt')
  const { body: second } = await admin.get(
    `/audit-requests?limit=2&sort=createdAt&cursor=${first.nextCursor}`,
  )
  const ids = [...first.data, ...second.data].map(({ id }: { id: string }) => id)
  t.strictSame(ids, [...new Set(ids)].sort())
  const { createdAt } = all[Math.floor(all.length / 2)] as unknown as { createdAt: string }
  const bounded = await search({ from: createdAt, to: createdAt })
  t.ok(bounded.length > 0 && bounded.every((record) => record.createdAt === createdAt))
})
