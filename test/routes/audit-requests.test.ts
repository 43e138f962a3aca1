import { randomUUID } from 'node:crypto'
import { users } from '../../src/db/schema/users.js'
import { runInContext } from '../../src/lib/audit/context.js'
import { redact } from '../../src/lib/audit/redact.js'
import { hashPassword } from '../../src/lib/auth/passwords.js'
import type { UserRole } from '../../src/lib/auth/roles.js'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import { connect } from '../helpers/database.js'
import { moved } from '../helpers/moved.js'
import t from '../tap.js'

const testApp = await buildTestApp(t, { config: { RATE_LIMIT: 'off', DATABASE_POOL_MAX: 3 } })
const { app, database, signUp, anonymous } = testApp
const admin = await signUp({ role: 'super_admin' })
const sql = connect(t, database.ownerUrl)

const API = '/api/v1'

/** All entries of a request as one text. */
async function storedOf(requestId: string): Promise<string> {
  const rows = await moved(sql)<
    { line: string }[]
  >`select a::text as line from audit.audit_log a where request_id = ${requestId}`
  return rows.map(({ line }) => line).join('\n')
}

t.test('stores no secret of a request, wherever it occurs', async (t) => {
  const user = await signUp()
  const jwt = user.user?.accessToken ?? ''
  const refreshToken = user.user?.refreshToken ?? ''
  const secrets = [PASSWORD, jwt, refreshToken, 'hunter2', 'c2VjcmV0', 'eyJhbGciOiJub25lIn0']
  const nested = encodeURIComponent(`https://app.example/reset?token=hunter2`)
  const headers = {
    authorization: `Bearer ${jwt}`,
    cookie: 'session=hunter2; other=hunter2',
    referer: `https://app.example/reset-password?token=hunter2&next=${nested}#access_token=hunter2`,
    origin: 'https://ada:hunter2@app.example',
    'x-api-key': 'hunter2',
    'x-auth-token': 'hunter2',
    'proxy-authorization': 'Basic c2VjcmV0',
    'x-forwarded-uri': '/reset?%74oken=hunter2',
    'x-debug': `token was ${jwt}`,
    'x-agent': 'agent eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.',
  }
  const attempts = [
    { method: 'PATCH' as const, url: `${API}/me`, payload: { firstName: 'Ada' } },
    {
      method: 'POST' as const,
      url: `${API}/auth/login`,
      payload: { email: user.user?.email, password: PASSWORD },
    },
    {
      method: 'POST' as const,
      url: `${API}/users`,
      payload: { email: 'made@example.com', firstName: 'Ma', lastName: 'De', password: PASSWORD },
      headers: { authorization: `Bearer ${admin.user?.accessToken}` },
    },
    {
      method: 'POST' as const,
      url: `${API}/me/change-password`,
      payload: { currentPassword: PASSWORD, newPassword: `${PASSWORD}!` },
    },
  ]
  for (const attempt of attempts) {
    const requestId = randomUUID()
    const { status, text } = await anonymous.request({
      ...attempt,
      headers: { ...headers, ...attempt.headers, 'x-request-id': requestId },
    })
    t.ok(status < 300, `${attempt.url}: ${status} ${text}`)
    const stored = await storedOf(requestId)
    t.match(stored, /\[redacted\]/, 'the entry holds redacted values')
    for (const secret of [...secrets, admin.user?.accessToken ?? ''])
      t.notOk(stored.includes(secret), `${attempt.url}: ${secret.slice(0, 20)}`)
    t.match(stored, /app\.example\/reset-password/, 'harmless parts are kept')
  }
})

t.test('no body or header keeps a write out of the audit log', async (t) => {
  const user = await signUp()
  const names = [
    `A${'\uFFFF'.repeat(50)}`,
    `RTL \u202E name`,
    `\${7*7} {{7*7}} '; drop table users; --`,
    'x'.repeat(100),
    '😀'.repeat(40),
  ]
  for (const firstName of names) {
    const requestId = randomUUID()
    const answer = await user.request({
      method: 'PATCH',
      url: `${API}/me`,
      payload: { firstName },
      headers: {
        'x-request-id': requestId,
        'x-odd': '\u00ff\u00fe "quoted" \\u0000',
        'x-long': 'y'.repeat(9000),
      },
    })
    t.equal(answer.status, 200, answer.text)
    const { data } = (await admin.get(`/audit-logs?requestId=${requestId}`)).body
    t.match(data, [{ body: { firstName }, stateAfter: { firstName } }])
  }
  // No route accepts these values yet, but those of a future one must be storable, too.
  const deep = JSON.parse(`${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`)
  const odd: unknown[] = [
    deep,
    { 'nul\0key': 'nul\0value', lone: '\uD800', '\uDFFF': 1, infinite: JSON.parse('1e400') },
    Array(100_000).fill('x'),
    Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i])),
    { big: 'z'.repeat(1e6), cut: '😀'.repeat(5000) },
    JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}'),
    '',
    undefined,
  ]
  for (const [i, body] of odd.entries()) {
    const details = {
      method: 'POST',
      url: '/',
      ip: '::1',
      headers: {},
      args: redact(body),
      body: redact(body),
    }
    const context = {
      actor: 'user',
      userId: null,
      requestId: `odd-${i}`,
      describeRequest: () => details,
    } as const
    await runInContext(context, async () => app.db.update(users).set({ lastName: `Odd ${i}` }))
    const stored = await storedOf(`odd-${i}`)
    t.ok(
      stored.length > 0 && stored.length < 500_000,
      `${JSON.stringify(body)?.slice(0, 30)}: ${stored.length}`,
    )
    t.equal((await admin.get(`/audit-logs?requestId=odd-${i}`)).status, 200)
  }
  t.notOk('polluted' in {})
})

t.test(
  'names the right caller in every entry of 500 requests by 50 users over three connections',
  async (t) => {
    const passwordHash = await hashPassword(PASSWORD)
    const people = await sql<{ id: string }[]>`
    insert into users (email, first_name, last_name, status, email_verified_at, password_hash)
    select 'crowd-' || n || '@example.com', 'Start', 'Start', 'active', now(), ${passwordHash} from generate_series(1, 50) as n
    returning id`
    await sql`insert into users (email, first_name, last_name) values ('taken@example.com', 'Is', 'Taken')`
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    const sign = (userId: string, role: UserRole) =>
      app.accessTokens.sign({ userId, sessionId: randomUUID(), role })
    const adminId = admin.user?.id ?? ''
    const tokens = people.map(({ id }) => sign(id, 'user'))
    const adminToken = sign(adminId, 'super_admin')

    type Call = {
      requestId: string
      userId: string
      token: string
      method: string
      path: string
      body?: object
      writes: boolean
    }
    const calls = Array.from({ length: 500 }, (_, i): Call => {
      const person = i % people.length
      const userId = people[person]?.id ?? ''
      const requestId = `call-${i}`
      const mine = { requestId, userId, token: tokens[person] ?? '' }
      const asAdmin = { requestId, userId: adminId, token: adminToken }
      const newUser = { email: `${requestId}@example.com`, firstName: requestId, lastName: 'X' }
      const kinds: Call[] = [
        { ...mine, method: 'PATCH', path: '/me', body: { firstName: requestId }, writes: true },
        {
          ...mine,
          method: 'PATCH',
          path: '/me',
          body: { firstName: requestId, role: 'super_admin' },
          writes: false,
        },
        { ...mine, method: 'GET', path: '/me', writes: false },
        { ...mine, method: 'POST', path: '/users', body: newUser, writes: false },
        { ...asAdmin, method: 'POST', path: '/users', body: newUser, writes: true },
        {
          ...asAdmin,
          method: 'POST',
          path: '/users',
          body: { ...newUser, email: 'taken@example.com' },
          writes: false,
        },
        {
          ...asAdmin,
          method: 'PATCH',
          path: `/users/${userId}`,
          body: { lastName: requestId },
          writes: true,
        },
        {
          ...mine,
          token: 'x.y.z',
          method: 'PATCH',
          path: '/me',
          body: { firstName: requestId },
          writes: false,
        },
        { ...mine, method: 'PATCH', path: '/me', body: { lastName: requestId }, writes: true },
        { ...asAdmin, method: 'DELETE', path: `/users/${randomUUID()}`, writes: false },
      ]
      return kinds[(i + person) % kinds.length] as Call
    })
    const call = async ({ requestId, token, method, path, body }: Call) => {
      const headers = {
        authorization: `Bearer ${token}`,
        'x-request-id': requestId,
        ...(body && { 'content-type': 'application/json' }),
      }
      const response = await fetch(`${origin}${API}${path}`, {
        method,
        headers,
        ...(body && { body: JSON.stringify(body) }),
      })
      await response.arrayBuffer()
      return response.status
    }
    const statuses = new Map<string, number>()
    const queue = [...calls]
    const worker = async () => {
      for (let next = queue.shift(); next; next = queue.shift())
        statuses.set(next.requestId, await call(next))
    }
    await Promise.all(Array.from({ length: 50 }, worker))

    const entries = await moved(
      sql,
    )`select request_id, user_id, object_id, actor, url, method, action, body::text, state_after::text as state
    from audit.audit_log where request_id like 'call-%'`
    const writing = calls.filter(({ writes }) => writes)
    const unexpected = calls.filter(({ requestId, method, writes }) => {
      const succeeded = (statuses.get(requestId) ?? 0) < 300
      return succeeded !== (writes || method === 'GET')
    })
    t.strictSame(unexpected, [])
    t.equal(entries.length, writing.length, 'one entry for each write, none for a failed one')
    for (const entry of entries) {
      const cause = writing.find(({ requestId }) => requestId === entry.request_id)
      const isRight =
        cause !== undefined &&
        entry.user_id === cause.userId &&
        entry.actor === 'user' &&
        entry.method === cause.method &&
        entry.url === `${API}${cause.path}` &&
        JSON.parse(entry.body).lastName === (cause.body as { lastName?: string }).lastName &&
        entry.state.includes(`"${entry.request_id}"`) &&
        (cause.path !== '/me' || entry.object_id === cause.userId)
      t.ok(isRight, `${entry.request_id} ${isRight ? '' : JSON.stringify([entry, cause])}`)
    }
  },
)
