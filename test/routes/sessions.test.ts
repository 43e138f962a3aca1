import { getUserById } from '../../src/db/queries/accounts/users.js'
import { createSession } from '../../src/db/queries/sessions/create-session.js'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import { type Client, createClient } from '../helpers/client.js'
import { connect } from '../helpers/database.js'
import { moved } from '../helpers/moved.js'
import t from '../tap.js'

const refreshWith = (client: Client, refreshToken: string | undefined) =>
  client.post('/auth/refresh', { refreshToken })

const { app, anonymous, signUp, database } = await buildTestApp(t)
const limited = await buildTestApp(t, {
  database,
  config: { REFRESH_TOKEN_TTL_SECONDS: 100, SESSION_TTL_SECONDS: 1000, SESSIONS_PER_USER_MAX: 3 },
})
const sql = connect(t, database.ownerUrl)

t.test('a refresh returns working tokens, and the old access token works until it expires', async (t) => {
  const user = await signUp()
  const { status, body } = await refreshWith(anonymous, user.user?.refreshToken)
  t.equal(status, 200)
  t.strictSame(Object.keys(body).sort(), ['accessToken', 'expiresIn', 'refreshToken', 'tokenType'])
  t.not(body.refreshToken, user.user?.refreshToken)
  const renewed = createClient(app, { id: '', email: '', ...body })
  t.equal((await renewed.get('/me')).status, 200)
  t.equal((await user.get('/me')).status, 200)
})

t.test('everything that is not a refresh token gets the same answer', async (t) => {
  const user = await signUp()
  const answers = []
  for (const token of ['x', 'A'.repeat(43), user.user?.id]) {
    const { status, body } = await refreshWith(anonymous, token)
    answers.push({ status, ...body, requestId: '' })
  }
  t.match(answers[0], { status: 401, code: 'INVALID_REFRESH_TOKEN' })
  for (const answer of answers) t.strictSame(answer, answers[0])
  t.equal(
    (await refreshWith(anonymous, user.user?.accessToken)).status,
    400,
    'an access token is not a refresh token',
  )
})

t.test('twenty parallel refreshes of one token return one successor and sign no one out', async (t) => {
  const user = await signUp()
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => refreshWith(anonymous, user.user?.refreshToken)),
  )
  t.strictSame([...new Set(answers.map(({ status }) => status))], [200])
  t.equal(new Set(answers.map(({ body }) => body.refreshToken)).size, 1)
  t.equal((await refreshWith(anonymous, answers[0]?.body.refreshToken)).status, 200)
})

t.test('a lost answer can be requested again until the grace period ends', async (t) => {
  const user = await signUp()
  const lost = await refreshWith(anonymous, user.user?.refreshToken)
  const again = await refreshWith(anonymous, user.user?.refreshToken)
  t.equal(again.body.refreshToken, lost.body.refreshToken)

  await sql`update refresh_tokens set spent_at = spent_at - interval '11 seconds'`
  t.match(await refreshWith(anonymous, user.user?.refreshToken), {
    status: 401,
    body: { code: 'INVALID_REFRESH_TOKEN' },
  })
  t.equal((await refreshWith(anonymous, lost.body.refreshToken)).status, 401, 'the successor is revoked')
  t.equal((await user.get('/me')).status, 401, 'the access tokens of the session are revoked')
})

t.test('a token two generations old ends its session, even a moment later, and no other one', async (t) => {
  const user = await signUp()
  const other = await anonymous.signIn(String(user.user?.email), PASSWORD)
  const first = await refreshWith(anonymous, user.user?.refreshToken)
  const second = await refreshWith(anonymous, first.body.refreshToken)
  t.equal((await refreshWith(anonymous, user.user?.refreshToken)).status, 401)
  t.equal((await refreshWith(anonymous, second.body.refreshToken)).status, 401)
  const newest = createClient(app, { id: '', email: '', ...second.body })
  t.equal((await newest.get('/me')).status, 401)
  t.equal((await other.get('/me')).status, 200)
})

t.test(
  'a session expires when it is idle for too long, and when it is too old, however much it is used',
  async (t) => {
    const { anonymous, signUp } = limited
    const idle = await signUp()
    await sql`update refresh_tokens set expires_at = expires_at - interval '101 seconds'`
    t.equal((await refreshWith(anonymous, idle.user?.refreshToken)).status, 401)

    const old = await signUp()
    await sql`update sessions set expires_at = expires_at - interval '950 seconds' where user_id = ${old.user?.id ?? ''}`
    const { body } = await refreshWith(anonymous, old.user?.refreshToken)
    const [token] = await sql`select r.expires_at <= s.expires_at as capped from refresh_tokens r
    join sessions s on s.id = r.session_id where r.spent_at is null and s.user_id = ${old.user?.id ?? ''}`
    t.match(token, { capped: true }, 'no token expires after its session')
    await sql`update sessions set expires_at = now() where user_id = ${old.user?.id ?? ''}`
    t.equal((await refreshWith(anonymous, body.refreshToken)).status, 401)
  },
)

t.test('users list their sessions and end one or all others, and never those of another user', async (t) => {
  const here = await signUp()
  const email = String(here.user?.email)
  const phone = await anonymous.signIn(email, PASSWORD)
  const laptop = await anonymous.signIn(email, PASSWORD)
  const stranger = await signUp()

  const { status, body } = await here.get('/me/sessions')
  t.equal(status, 200)
  t.strictSame(Object.keys(body.data[0]).sort(), [
    'createdAt',
    'current',
    'id',
    'ip',
    'lastUsedAt',
    'userAgent',
  ])
  t.equal(body.data.length, 3)
  t.strictSame(
    body.data.map((session: { current: boolean }) => session.current),
    [false, false, true],
  )
  t.match(body.data[0], { ip: '127.0.0.1', userAgent: 'lightMyRequest' })

  const [laptopId, phoneId] = body.data.map((session: { id: string }) => session.id)
  t.equal((await stranger.delete(`/me/sessions/${phoneId}`)).status, 404)
  t.equal((await phone.get('/me')).status, 200)
  t.equal((await here.delete(`/me/sessions/${phoneId}`)).status, 204)
  t.equal((await phone.get('/me')).status, 401)
  t.equal((await refreshWith(anonymous, phone.user?.refreshToken)).status, 401)
  t.equal((await here.delete(`/me/sessions/${phoneId}`)).status, 404, 'the session has already ended')
  t.equal((await laptop.get('/me')).status, 200)

  t.equal((await here.delete('/me/sessions')).status, 204)
  t.equal((await laptop.get('/me')).status, 401)
  t.equal((await here.get('/me')).status, 200)
  t.equal((await stranger.get('/me')).status, 200)
  t.notOk((await here.get('/me/sessions')).body.data.some(({ id }: { id: string }) => id === laptopId))
})

t.test('the oldest of too many sessions ends, however many sign in at once', async (t) => {
  const { app, anonymous, signUp } = limited
  const first = await signUp()
  const stranger = await signUp()
  const email = String(first.user?.email)
  const second = await anonymous.signIn(email, PASSWORD)
  await anonymous.signIn(email, PASSWORD)
  t.equal((await first.get('/me')).status, 200, 'three sessions are allowed')

  await anonymous.signIn(email, PASSWORD)
  t.equal((await first.get('/me')).status, 401, 'the access token of the oldest session is refused')
  t.equal((await refreshWith(anonymous, first.user?.refreshToken)).status, 401)
  t.equal((await second.get('/me')).status, 200)
  const entries = await moved(sql)`select action from audit.audit_log where table_name = 'sessions'
    and state_after->>'ended_at' is not null and state_after->>'user_id' = ${first.user?.id ?? ''}`
  t.strictSame(
    entries.map(({ action }) => action),
    ['update'],
  )

  const user = await getUserById(app.db, first.user?.id ?? '')
  const device = { user, ip: '127.0.0.1', userAgent: undefined, maxPerUser: 3 }
  // Creates the sessions without password hashing, so that they are really concurrent.
  const start = () => createSession(app.db, device, { absolute: 60, idle: 60, grace: 10 })
  await Promise.all(Array.from({ length: 8 }, start))
  const [live] = await sql`select count(*)::int from sessions
    where user_id = ${first.user?.id ?? ''} and ended_at is null`
  t.equal(live?.count, 3)
  t.equal((await stranger.get('/me')).status, 200, 'sessions of other users do not count')
})

t.test('records the last use at most once a minute', async (t) => {
  const user = await signUp()
  const lastUsed = async () => (await user.get('/me/sessions')).body.data[0].lastUsedAt
  const before = await lastUsed()
  const first = await refreshWith(anonymous, user.user?.refreshToken)
  t.equal(await lastUsed(), before)
  await sql`update sessions set last_used_at = last_used_at - interval '61 seconds'`
  await refreshWith(anonymous, first.body.refreshToken)
  t.ok((await lastUsed()) > before)
  const entries = await moved(
    sql,
  )`select from audit.audit_log where table_name = 'sessions' and action = 'update'
    and object_id in (select id::text from sessions where user_id = ${user.user?.id ?? ''})`
  t.equal(entries.length, 0, 'a refresh leaves no entry for the last use')
})

t.test('a disabled user cannot refresh, and only hashes of refresh tokens are stored', async (t) => {
  const admin = await signUp({ role: 'super_admin' })
  const user = await signUp()
  const renewed = await refreshWith(anonymous, user.user?.refreshToken)
  const stored = JSON.stringify([
    ...(await sql`select r::text from refresh_tokens r`),
    ...(await moved(sql)`select a::text from audit.audit_log a`),
  ])
  for (const token of [user.user?.refreshToken, renewed.body.refreshToken, renewed.body.accessToken]) {
    t.notOk(stored.includes(String(token)))
  }
  await admin.patch(`/users/${user.user?.id}`, { status: 'disabled' })
  t.equal((await refreshWith(anonymous, renewed.body.refreshToken)).status, 401)
})

t.test('refresh tokens are long and have nothing in common', async (t) => {
  const user = await signUp()
  const tokens = [String(user.user?.refreshToken)]
  for (let i = 0; i < 50; i += 1) tokens.push((await refreshWith(anonymous, tokens.at(-1))).body.refreshToken)
  const bytes = tokens.map((token) => Buffer.from(token, 'base64url'))
  t.ok(bytes.every(({ length }) => length === 32))
  const ones = bytes
    .flatMap((token) => [...token])
    .reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
  const bits = bytes.length * 256
  // Five standard deviations: about one false alarm in a million runs.
  t.ok(Math.abs(ones - bits / 2) < 5 * Math.sqrt(bits / 4), 'ones and zeros are equally frequent')
})
