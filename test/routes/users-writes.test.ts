import { buildTestApp, PASSWORD } from '../helpers/app.js'
import { type Client, createClient } from '../helpers/client.js'
import { connect } from '../helpers/database.js'
import { moved } from '../helpers/moved.js'
import { operationsOf, sampleOf } from '../helpers/operations.js'
import t from '../tap.js'

const first = await buildTestApp(t, { config: { DATABASE_POOL_MAX: 4, RATE_LIMIT: 'off' } })
const second = await buildTestApp(t, {
  database: first.database,
  config: { DATABASE_POOL_MAX: 4, RATE_LIMIT: 'off' },
})
const { signUp, anonymous, database } = first
const admin = await signUp({ role: 'super_admin' })
const sql = connect(t, database.ownerUrl)

const idOf = (client: Client): string => client.user?.id ?? ''
/** The same user as a client of the other process. */
const elsewhere = (client: Client): Client => createClient(second.app, client.user)

let count = 0
const person = (more: Record<string, unknown> = {}) => {
  count += 1
  return { email: `person-${count}@example.com`, firstName: 'Per', lastName: 'Son', ...more }
}

const auditOf = async (objectId: string) => {
  const { body } = await admin.get(`/audit-logs?objectId=${objectId}&sort=createdAt`)
  return body.data
}

t.test('a user created with a password is active, and one without is pending', async (t) => {
  const active = await admin.post('/users', person({ password: PASSWORD, email: 'Grace.Hopper@Example.COM' }))
  t.equal(active.status, 201)
  t.equal(active.headers.location, `/api/v1/users/${active.body.id}`)
  t.match(active.body, {
    email: 'grace.hopper@example.com',
    status: 'active',
    role: 'user',
    emailVerifiedAt: /Z$/,
  })
  t.strictSame((await admin.request({ url: active.headers.location ?? '' })).body, active.body)
  t.ok(await anonymous.signIn('GRACE.hopper@example.com', PASSWORD))

  const pending = await admin.post('/users', person({ role: 'super_admin' }))
  t.match(pending.body, { status: 'pending', role: 'super_admin', emailVerifiedAt: null })
  t.match(await anonymous.post('/auth/login', { email: pending.body.email, password: PASSWORD }), {
    status: 401,
    body: { code: 'INVALID_CREDENTIALS' },
  })
  for (const email of ['grace.hopper@example.com', 'GRACE.HOPPER@EXAMPLE.COM', pending.body.email]) {
    t.match(await admin.post('/users', person({ email })), { status: 409, body: { code: 'EMAIL_TAKEN' } })
  }
  const rivals = await Promise.all(
    [admin, elsewhere(admin), admin, elsewhere(admin)].map((client) =>
      client.post('/users', person({ email: 'one@example.com' })),
    ),
  )
  t.strictSame(
    rivals.map(({ status }) => status).sort(),
    [201, 409, 409, 409],
    'one of four concurrent requests gets the address',
  )
  for (const email of [
    'no-one',
    'a@b',
    'a b@example.com',
    'a@example.com.',
    ' a@example.com',
    'é@example.com',
  ]) {
    t.match(await admin.post('/users', person({ email })), { status: 400 }, email)
  }
})

t.test('a change answers with the new state and changes nothing else', async (t) => {
  const user = await signUp()
  const url = `/users/${idOf(user)}`
  const before = (await admin.get(url)).body
  t.strictSame((await admin.patch(url, {})).body, before, 'an empty change changes nothing')
  t.equal((await auditOf(idOf(user))).length, 1, 'an empty change leaves no entry')
  const { status, body } = await admin.patch(url, { firstName: 'Grace' })
  t.equal(status, 200)
  t.strictSame({ ...body, updatedAt: '' }, { ...before, firstName: 'Grace', updatedAt: '' })
  t.ok(body.updatedAt > before.updatedAt)
  t.strictSame((await admin.get(url)).body, body)
  t.equal((await user.get('/me')).status, 200, 'a new name ends no session')

  const { body: pending } = await admin.post('/users', person())
  t.match(await admin.patch(`/users/${pending.id}`, { status: 'active' }), {
    status: 200,
    body: { status: 'active', emailVerifiedAt: /Z$/ },
  })
  t.match(await admin.patch(`/users/${pending.id}`, { status: 'pending' }), { status: 400 })

  t.equal((await admin.delete(`/users/${pending.id}`)).status, 204)
  const unknown = `/users/${pending.id}`
  for (const answer of [
    await admin.get(unknown),
    await admin.patch(unknown, { firstName: 'X' }),
    await admin.delete(unknown),
  ]) {
    t.match(answer, { status: 404, body: { code: 'NOT_FOUND' } })
  }
})

t.test('refuses read-only fields wherever they are sent', async (t) => {
  const { body: user } = await admin.post('/users', person())
  const operations = operationsOf(first.app).filter(
    ({ path, body }) => body && /\/(users|me)(\/\{id\})?$/.test(path),
  )
  t.strictSame(operations.map(({ name }) => name).sort(), [
    'PATCH /api/v1/me',
    'PATCH /api/v1/users/{id}',
    'POST /api/v1/users',
  ])
  const rows = async () => JSON.stringify(await sql`select * from users order by id`)
  const before = await rows()
  for (const { name, method, urlWith, body } of operations) {
    const allowed = Object.keys(body?.properties ?? {})
    const sample = sampleOf(body ?? {}) as object
    for (const [field, value] of Object.entries({
      ...user,
      passwordHash: 'x',
      password: PASSWORD,
      isAdmin: true,
    })) {
      if (allowed.includes(field)) continue
      const payload = { ...sample, [field]: value }
      t.match(
        await admin.request({ method, url: urlWith(user.id), payload }),
        { status: 400, body: { code: 'VALIDATION_FAILED', errors: [{ path: field }] } },
        `${name} ${field}`,
      )
    }
  }
  t.equal(await rows(), before)
})

t.test('the last active super_admin stays, whoever asks, and a disabled one does not count', async (t) => {
  const other = await signUp({ role: 'super_admin' })
  const refused = { status: 409, body: { code: 'LAST_SUPER_ADMIN' } }
  t.equal((await admin.patch(`/users/${idOf(other)}`, { status: 'disabled' })).status, 200)
  const self = `/users/${idOf(admin)}`
  t.match(await admin.patch(self, { role: 'user' }), refused)
  t.match(await admin.patch(self, { status: 'disabled' }), refused)
  t.match(await admin.patch(self, { role: 'user', status: 'active', firstName: 'Sly' }), refused)
  for (const id of [idOf(admin), idOf(admin).toUpperCase()])
    t.match(await admin.delete(`/users/${id}`), refused)
  t.match((await admin.get(self)).body, { role: 'super_admin', status: 'active', firstName: 'Ada' })
  t.equal((await admin.patch(self, { firstName: 'Still' })).status, 200)

  t.equal((await admin.patch(`/users/${idOf(other)}`, { status: 'active' })).status, 200)
  const again = await anonymous.signIn(other.user?.email ?? '', PASSWORD)
  const guest = await signUp({ role: 'super_admin' })
  t.equal(
    (await guest.patch(`/users/${idOf(guest)}`, { role: 'user' })).status,
    200,
    'one of several super_admins may step down',
  )
  t.equal((await guest.get('/users')).status, 401, 'the token with the old role is revoked')
  t.equal(
    (await again.delete(`/users/${idOf(other)}`)).status,
    204,
    'one of several super_admins may be deleted',
  )
  t.equal((await again.get('/me')).status, 401)
})

t.test('refuses one of two concurrent demotions of the last two', async (t) => {
  const moves: ((client: Client, url: string) => Promise<{ status: number }>)[] = [
    (client, url) => client.patch(url, { role: 'user' }),
    (client, url) => client.patch(url, { status: 'disabled' }),
    (client, url) => client.delete(url),
  ]
  await sql`update users set role = 'user' where role = 'super_admin'`
  for (let round = 0; round < 12; round += 1) {
    const [a, b] = [await signUp({ role: 'super_admin' }), await signUp({ role: 'super_admin' })]
    const [x, y] = round % 2 ? [a, b] : [b, a]
    const move = moves[round % 3] as (typeof moves)[0]
    const answers = await Promise.all([move(a, `/users/${idOf(x)}`), move(elsewhere(b), `/users/${idOf(y)}`)])
    const statuses = answers.map(({ status }) => status)
    const left = await sql`select from users where role = 'super_admin' and status = 'active'`
    t.equal(left.length, 1, `round ${round}: ${statuses}`)
    t.ok(statuses.every((status) => [200, 204, 401, 403, 409].includes(status)))
    await sql`update users set role = 'user' where role = 'super_admin'`
  }
  await sql`update users set role = 'super_admin' where id = ${idOf(admin)}`
})

t.test('no admin write succeeds on any process once the demotion is answered', async (t) => {
  const [boss, former] = [await signUp({ role: 'super_admin' }), await signUp({ role: 'super_admin' })]
  const fifty = Array.from({ length: 50 }, (_, i) => (i % 2 ? former : elsewhere(former)))
  let isAnswered = false
  const late: number[] = []
  const write = async (client: Client) => {
    const startedLate = isAnswered
    const { status } = await client.post('/users', person())
    if (startedLate) late.push(status)
    return status
  }
  const running = fifty.map(write)
  const demotion = await boss.patch(`/users/${idOf(former)}`, { role: 'user' })
  isAnswered = true
  const afterwards = await Promise.all(fifty.slice(0, 10).map(write))
  const statuses = await Promise.all(running)
  t.equal(demotion.status, 200)
  t.ok(
    late.length === 10 && afterwards.every((status) => status === 401 || status === 403),
    String(afterwards),
  )

  const created = await moved(
    sql,
  )`select id from audit.audit_log where action = 'create' and table_name = 'users' and user_id = ${idOf(former)}`
  t.equal(created.length, statuses.filter((status) => status === 201).length)
  t.ok(
    statuses.every((status) => [201, 401, 403].includes(status)),
    String(statuses),
  )
  const [demoted] = await moved(
    sql,
  )`select max(id::text) as id from audit.audit_log where object_id = ${idOf(former)} and action = 'update'`
  t.ok(
    created.every(({ id }) => id < demoted?.id),
    'every successful write precedes the demotion',
  )
})

t.test('every write is in the audit log with its actor', async (t) => {
  const auditor = await signUp({ role: 'super_admin' })
  const { body: user, headers } = await auditor.post('/users', person({ password: PASSWORD }))
  await auditor.patch(`/users/${user.id}`, { role: 'super_admin', lastName: 'Boss' })
  const { status } = await auditor.delete(`/users/${user.id}`)
  t.equal(status, 204)
  const { data } = (await auditor.get(`/audit-logs?objectId=${user.id}&sort=createdAt`)).body
  t.match(data, [
    {
      action: 'create',
      method: 'POST',
      stateBefore: null,
      stateAfter: { email: user.email, role: 'user' },
      requestId: headers['x-request-id'],
    },
    {
      action: 'update',
      method: 'PATCH',
      stateBefore: { role: 'user' },
      stateAfter: { role: 'super_admin', lastName: 'Boss' },
    },
    { action: 'delete', method: 'DELETE', stateBefore: { lastName: 'Boss' }, stateAfter: null },
  ])
  for (const entry of data)
    t.match(entry, { tableName: 'users', userId: idOf(auditor), actor: 'user', organizationId: null })
  t.notMatch(JSON.stringify(data), new RegExp(`${PASSWORD}|argon2`))
})
