import { createUser } from '../../src/db/queries/accounts/users.js'
import { withActor } from '../../src/lib/audit/context.js'
import { PRODUCT } from '../../src/lib/product.js'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import { type Entry, searchAs } from '../helpers/audit-search.js'
import { connect, createTestDatabase } from '../helpers/database.js'
import t from '../tap.js'

const { app, config, database, signUp, anonymous } = await buildTestApp(t, { config: { RATE_LIMIT: 'off' } })
const admin = await signUp({ role: 'super_admin', email: 'admin@example.com' })
const plain = await signUp({ email: 'plain@example.com' })
const sql = connect(t, database.ownerUrl)

const FIELDS = [
  'id',
  'createdAt',
  'userId',
  'tableName',
  'objectId',
  'action',
  'stateBefore',
  'stateAfter',
  'method',
  'url',
  'headers',
  'body',
  'args',
  'ip',
  'requestId',
  'organizationId',
  'actor',
]
const UTC_MILLISECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

const search = searchAs(admin)

t.test('an entry names the user, the change and the request as soon as the write is answered', async (t) => {
  const answer = await plain.request({
    method: 'PATCH',
    url: '/api/v1/me',
    payload: { firstName: 'Grace' },
    headers: { 'x-request-id': 'my-own-id', 'user-agent': 'a test' },
  })
  const [entry, ...others] = await search({ requestId: 'my-own-id' })
  t.strictSame(others, [])
  t.strictSame(Object.keys(entry ?? {}), FIELDS)
  t.match(entry, {
    id: /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/,
    createdAt: UTC_MILLISECONDS,
    userId: plain.user?.id,
    tableName: 'users',
    objectId: plain.user?.id,
    action: 'update',
    method: 'PATCH',
    url: '/api/v1/me',
    headers: { 'user-agent': 'a test', authorization: '[redacted]', 'content-type': 'application/json' },
    body: { firstName: 'Grace' },
    args: { params: {}, query: {} },
    ip: '127.0.0.1',
    requestId: 'my-own-id',
    organizationId: null,
    actor: 'user',
  })
  const { firstName, lastName, updatedAt, ...same } = answer.body
  t.strictSame(
    entry?.stateAfter,
    { ...same, firstName, lastName, updatedAt, passwordHash: '[redacted]', securityVersion: 1 },
    'the state has the fields of the API',
  )
  t.match(entry?.stateBefore, { firstName: 'Ada', createdAt: same.createdAt, email: 'plain@example.com' })
  t.strictSame((await admin.get(`/audit-logs/${entry?.id}`)).body, entry)

  const { body: made } = await admin.post('/users', { email: 'x@example.com', firstName: 'X', lastName: 'Y' })
  await admin.delete(`/users/${made.id}`)
  const [deleted, created] = await search({ objectId: made.id })
  t.match(created, { action: 'create', stateBefore: null, args: { params: {} } })
  t.match(deleted, { action: 'delete', stateAfter: null, body: null, args: { params: { id: made.id } } })
})

t.test('names the actor of changes without a token or a request', async (t) => {
  const guest = await anonymous.signIn('plain@example.com', PASSWORD)
  const [session] = await search({ tableName: 'sessions', action: 'create' })
  t.match(session, {
    actor: 'anonymous',
    userId: null,
    method: 'POST',
    url: '/api/v1/auth/login',
    body: { password: '[redacted]' },
  })
  await guest.post('/auth/logout')
  const [ended] = await search({ objectId: String(session?.objectId), action: 'update' })
  t.match(ended, {
    actor: 'user',
    userId: guest.user?.id,
    stateBefore: { endedAt: null },
    stateAfter: { endedAt: UTC_MILLISECONDS },
  })

  const person = { firstName: 'No', lastName: 'Request' }
  await withActor('job:import', () => createUser(app.db, { ...person, email: 'job@example.com' }))
  await sql`insert into users (email, first_name, last_name) values ('sql@example.com', 'No', 'Request')`
  await createUser(app.db, { ...person, email: 'nobody@example.com' })
  const entries = await search({ tableName: 'users', action: 'create' })
  const request = {
    method: null,
    url: null,
    headers: null,
    body: null,
    args: null,
    ip: null,
    requestId: null,
    userId: null,
  }
  t.match(entries.slice(0, 3), [
    { ...request, actor: `cli:${PRODUCT.name}-api` },
    { ...request, actor: /^cli:/ },
    { ...request, actor: 'job:import' },
  ])
})

t.test('every filter narrows the search, and so do all of them together', async (t) => {
  const all = await search({})
  const target = all.find(({ userId, requestId }) => userId && requestId) as Entry
  for (const filter of ['tableName', 'objectId', 'userId', 'action', 'requestId'] as const) {
    const expected = all.filter((entry) => entry[filter] === target[filter])
    t.strictSame(await search({ [filter]: String(target[filter]) }), expected, filter)
    t.ok(expected.length > 0 && expected.length < all.length)
  }
  const { tableName, objectId, userId, action, requestId, createdAt } = target as unknown as Record<
    string,
    string
  >
  const together = {
    tableName,
    objectId,
    userId,
    action,
    requestId,
    from: createdAt,
    to: createdAt,
  } as Record<string, string>
  t.strictSame(await search(together), [target])
  t.strictSame(await search({ ...together, action: 'delete' }), [])
  t.strictSame(await search({ organizationId: '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60' }), [])
  t.strictSame(await search({ tableName: "users' or 1=1 --" }), [])

  const times = all.map((entry) => entry.createdAt)
  for (const at of [times[0], times[Math.floor(times.length / 2)], times.at(-1)] as string[]) {
    t.strictSame(
      (await search({ from: at })).map(({ createdAt }) => createdAt),
      times.filter((time) => time >= at),
      `from ${at}`,
    )
    t.strictSame(
      (await search({ to: at })).map(({ createdAt }) => createdAt),
      times.filter((time) => time <= at),
      `to ${at}`,
    )
  }
  const [newest = ''] = times
  const inZone = new Date(Date.parse(newest) + 2 * 3_600_000).toISOString().replace('Z', '+02:00')
  t.strictSame(
    await search({ from: inZone }),
    await search({ from: newest }),
    'accepts a time in another zone',
  )
  for (const everything of [
    { from: '0100-01-01T00:00:00Z' },
    { from: '1960-01-01T00:00:00Z' },
    { to: '9999-12-31T23:59:59.999Z' },
  ]) {
    t.strictSame(await search(everything as Record<string, string>), all, JSON.stringify(everything))
  }
  t.strictSame(await search({ to: '1969-12-31T23:59:59Z' }), [])
  for (const [name, value] of [
    ['action', 'created'],
    ['userId', 'x'],
    ['from', 'yesterday'],
    ['to', '2026-02-30T00:00:00Z'],
    ['sort', 'actor'],
    ['objectId', ''],
  ]) {
    t.match(await admin.get(`/audit-logs?${name}=${value}`), {
      status: 400,
      body: { errors: [{ path: name }] },
    })
  }
})

t.test('pages go through all entries in order while new ones arrive', async (t) => {
  const before = await search({ sort: 'createdAt' })
  for (const sort of ['createdAt', '-createdAt']) {
    const listed: string[] = []
    let cursor: string | null = null
    do {
      const { body } = await admin.get(`/audit-logs?sort=${sort}&limit=3${cursor ? `&cursor=${cursor}` : ''}`)
      listed.push(...body.data.map(({ id }: Entry) => id))
      cursor = body.nextCursor
      if (listed.length < 12) await plain.patch('/me', { firstName: `Name ${listed.length}` })
    } while (cursor)
    t.equal(new Set(listed).size, listed.length)
    t.strictSame(
      listed,
      [...listed].sort((a, b) => (sort === 'createdAt' ? 1 : -1) * (a < b ? -1 : 1)),
      sort,
    )
    t.strictSame(
      before.filter(({ id }) => !listed.includes(id)),
      [],
    )
  }
})

t.test('only a super_admin reads the log, and no caller writes it', async (t) => {
  const [entry] = await search({ limit: '1' })
  for (const url of ['/audit-logs', `/audit-logs/${entry?.id}`, `/audit-logs?userId=${plain.user?.id}`]) {
    t.match(await plain.get(url), { status: 403, body: { code: 'FORBIDDEN' } })
    t.match(await anonymous.get(url), { status: 401 })
  }
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
    for (const url of ['/api/v1/audit-logs', `/api/v1/audit-logs/${entry?.id}`]) {
      t.match(await admin.request({ method, url }), { status: 405 })
    }
  }
  t.match(await admin.get('/audit-logs/0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60'), { status: 404 })
  t.match(await admin.get('/audit-logs/x'), { status: 400 })
})

t.test('a server whose changes would leave no entries refuses to start', async (t) => {
  const broken = await createTestDatabase(t)
  await connect(t, broken.ownerUrl)`alter table users disable trigger audit_capture`
  await t.rejects(buildTestApp(t, { database: broken, config }), {
    name: 'OperatorError',
    message: 'users: the audit trigger is disabled. Run: npm run db:upgrade',
  })
})
