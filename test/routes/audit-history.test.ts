import { buildTestApp } from '../helpers/app.js'
import { type Entry, searchAs } from '../helpers/audit-search.js'
import { connect } from '../helpers/database.js'
import t from '../tap.js'

const { database, signUp, anonymous } = await buildTestApp(t, { config: { RATE_LIMIT: 'off' } })
const admin = await signUp({ role: 'super_admin', email: 'admin@example.com' })
const plain = await signUp({ email: 'plain@example.com' })
const search = searchAs(admin)
const owner = connect(t, database.ownerUrl)

const UNKNOWN_ID = '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60'

/** Creates, changes and deletes a user, and returns the answer of the API to each step. */
async function runLifecycle() {
  const made = await admin.post('/users', { email: 'life@example.com', firstName: 'A', lastName: 'Life' })
  const url = `/users/${made.body.id}`
  const answers = [made.body]
  for (const change of [{ firstName: 'B' }, { role: 'super_admin' }, { firstName: 'C', role: 'user' }]) {
    answers.push((await admin.patch(url, change)).body)
  }
  await admin.delete(url)
  return { id: String(made.body.id), answers: [...answers, null] }
}

/** The part of a recorded state of a user that the API shows. */
const withoutHash = (state: Record<string, unknown> | null) => {
  if (!state) return null
  const { passwordHash, securityVersion, ...shown } = state
  if (passwordHash !== '[redacted]') throw new Error(`The hash shows: ${passwordHash}`)
  return shown
}

const stateAt = async (objectId: string, at?: string) => {
  const query = new URLSearchParams({ tableName: 'users', objectId, ...(at && { at }) })
  return admin.get(`/audit-logs/state?${query}`)
}

t.test('the history of an object is in order, and each state leads to the next', async (t) => {
  const { id, answers } = await runLifecycle()
  const history: Entry[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const query = `tableName=users&objectId=${id}&sort=createdAt&limit=2${cursor && `&cursor=${cursor}`}`
    const { body } = await admin.get(`/audit-logs?${query}`)
    history.push(...body.data)
    cursor = body.nextCursor
  }
  t.strictSame(
    history.map(({ action }) => action),
    ['create', 'update', 'update', 'update', 'delete'],
  )
  t.strictSame(
    history.map(({ stateAfter }) => withoutHash(stateAfter)),
    answers,
    'each state is what the API answered',
  )
  t.strictSame(
    history.map(({ stateBefore }) => stateBefore),
    [null, ...history.slice(0, -1).map(({ stateAfter }) => stateAfter)],
  )
})

t.test('the state at each moment is what the API answered then', async (t) => {
  const { id, answers } = await runLifecycle()
  const history = await search({ objectId: id, sort: 'createdAt' })
  for (const [i, { id: entryId, createdAt }] of history.entries()) {
    // Two changes in the same millisecond have the same time.
    if (history[i + 1]?.createdAt === createdAt) continue
    const { status, body } = await stateAt(id, createdAt)
    t.strictSame([status, withoutHash(body.state)], [200, answers[i]])
    t.strictSame(
      { ...body, state: null },
      { tableName: 'users', objectId: id, at: createdAt, state: null, entryId },
    )
  }
  const [created, deleted] = [history[0], history.at(-1)]
  const before = new Date(Date.parse(created?.createdAt ?? '') - 1).toISOString()
  t.match((await stateAt(id, before)).body, { at: before, state: null, entryId: null })
  t.match((await stateAt(id)).body, { state: null, entryId: deleted?.id })
  t.match((await stateAt(id, '2200-01-01T01:00:00+01:00')).body, {
    at: '2200-01-01T00:00:00.000Z',
    state: null,
    entryId: deleted?.id,
  })
  const now = Date.now()
  const { body } = await stateAt(String(plain.user?.id))
  t.match(body.state, { email: 'plain@example.com', passwordHash: '[redacted]' })
  t.ok(Date.parse(body.at) >= now)
})

t.test('the first entry of an object older than the log shows its earlier state', async (t) => {
  await owner`alter table users disable trigger audit_capture`
  const [old] = await owner<{ id: string }[]>`
    insert into users (email, first_name, last_name) values ('old@example.com', 'Old', 'Timer') returning id`
  await owner`alter table users enable trigger audit_capture`
  const url = `/users/${old?.id}`
  t.match(await stateAt(String(old?.id)), { status: 404 })
  await admin.patch(url, { firstName: 'New' })
  t.match((await stateAt(String(old?.id), '2001-01-01T00:00:00Z')).body, {
    state: { firstName: 'Old', passwordHash: '[redacted]' },
    entryId: null,
  })
})

t.test('finds updates by the field that they changed', async (t) => {
  const { id } = await runLifecycle()
  const found = async (query: Record<string, string>) =>
    (await search({ sort: 'createdAt', ...query })).map(({ stateAfter }) => [
      stateAfter?.firstName,
      stateAfter?.role,
    ])
  const roles = [
    ['B', 'super_admin'],
    ['C', 'user'],
  ]
  const names = [
    ['B', 'user'],
    ['C', 'user'],
  ]
  t.strictSame(await found({ objectId: id, changed: 'role' }), roles)
  for (const name of ['firstName', 'first_name']) {
    t.strictSame(await found({ objectId: id, changed: name }), names, name)
    t.strictSame(await found({ objectId: id, changed: name, tableName: 'users' }), names, name)
  }
  t.strictSame(await found({ objectId: id, changed: 'role', action: 'create' }), [])
  t.strictSame(await found({ objectId: id, changed: 'role', tableName: 'sessions' }), [])
  t.strictSame(await found({ changed: 'nothingOfThisName' }), [])
  const [newest] = await search({ changed: 'firstName', limit: '1' })
  t.match(newest, { objectId: id, stateAfter: { firstName: 'C' } })
  t.notOk('changed' in (newest ?? {}), 'the filter is not a field of the entry')

  await plain.post('/me/change-password', {
    currentPassword: 'a long and quiet sentence',
    newPassword: 'another long and quiet sentence',
  })
  const [secret] = await search({ changed: 'passwordHash', tableName: 'users' })
  t.match(secret, { objectId: plain.user?.id, stateAfter: { passwordHash: '[redacted]' } })
})

t.test('refuses wrong values by name and answers only a super_admin', async (t) => {
  const urls = [
    ['/audit-logs?changed=', 'changed'],
    ['/audit-logs?changed=a%20b', 'changed'],
    ["/audit-logs?changed=a'b", 'changed'],
    ['/audit-logs/state?tableName=users', 'objectId'],
    ['/audit-logs/state?objectId=1', 'tableName'],
    ['/audit-logs/state?tableName=users&objectId=', 'objectId'],
    ['/audit-logs/state?tableName=users&objectId=1&at=noon', 'at'],
    ['/audit-logs/state?tableName=users&objectId=1&At=2026-01-01T00:00:00Z', 'At'],
  ] as const
  for (const [url, path] of urls) {
    t.match(await admin.get(url), { status: 400, body: { errors: [{ path }] } }, url)
  }
  const state = `/audit-logs/state?tableName=users&objectId=${plain.user?.id}`
  t.match(await anonymous.get(state), { status: 401 })
  const again = await anonymous.signIn('plain@example.com', 'another long and quiet sentence')
  t.match(await again.get(state), { status: 403, body: { code: 'FORBIDDEN' } })
  t.match(await again.get('/audit-logs?changed=role'), { status: 403 })
  t.match(await stateAt(UNKNOWN_ID), { status: 404, body: { code: 'NOT_FOUND' } })
  t.match(await admin.get(`/audit-logs/state?tableName=nothing&objectId=${plain.user?.id}`), { status: 404 })
})
