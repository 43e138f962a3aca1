import { FREE_FAILURES } from '../../src/db/queries/accounts/sign-in-throttle.js'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import { ADMIN, BOARD, buildDashboard, createBrowser, SIGN_IN, SIGN_OUT } from '../helpers/dashboard.js'
import { connect } from '../helpers/database.js'
import { moved } from '../helpers/moved.js'
import { recordedRequests } from '../helpers/recorded-requests.js'
import t from '../tap.js'

const WRONG = 'not the password at all'
const QUEUES = `${BOARD}/api/queues`

const { app, anonymous, signUp, database } = await buildTestApp(t)
const sql = connect(t, database.ownerUrl)

/** An administrator of its own for each test, and a browser. */
async function newAdmin() {
  const admin = await signUp({ role: 'super_admin' })
  const { id = '', email = '' } = admin.user ?? {}
  return { admin, id, email, browser: createBrowser(app, email) }
}

type Scene = Awaited<ReturnType<typeof newAdmin>>

/** The parts of a refusal that an attacker can compare. */
const shapeOf = ({
  status,
  headers,
  text,
}: {
  status: number
  headers: Record<string, string>
  text: string
}) => ({
  status,
  headers: Object.keys(headers).sort(),
  text: text.replace(/value="[^"]*@[^"]*"/, ''),
})

t.test('a sign-in is a session in a cookie that only browsers send, to this host only', async (t) => {
  const { browser, admin, id } = await newAdmin()
  const answer = await browser.signIn()
  t.match(answer, { status: 303, headers: { location: BOARD, 'cache-control': 'no-store' } })
  t.match(
    answer.headers['set-cookie'],
    /^__Host-session=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=43200$/,
  )
  const first = browser.cookie()
  await browser.signIn()
  t.not(browser.cookie(), first, 'each sign-in has a new token')
  t.equal(
    (await browser.get(QUEUES, { cookie: first })).status,
    401,
    'a sign-in ends the previous session of the browser',
  )
  const { body } = await admin.get('/me/sessions')
  t.equal(body.data.length, 2, 'one session of the API and one of the dashboard')

  const [session] = await sql`select *, extract(epoch from expires_at - created_at)::int as seconds
    from sessions where user_id = ${id} and cookie_hash is not null and ended_at is null`
  t.equal(session?.seconds, 43_200)
  const token = browser.cookie().split('=')[1] ?? ''
  const everywhere = JSON.stringify(await moved(sql)`select * from audit.audit_log`) + JSON.stringify(session)
  t.notOk(everywhere.includes(token) || everywhere.includes(Buffer.from(token).toString('hex')))
})

t.test('a session of the API does not last longer in a cookie', async (t) => {
  const { email } = await newAdmin()
  const { app } = await buildTestApp(t, { database, config: { SESSION_TTL_SECONDS: 600 } })
  t.match((await createBrowser(app, email).signIn()).headers['set-cookie'], /Max-Age=600$/)
})

t.test(
  'a refusal reveals neither whether the password was right nor whether the account exists',
  async (t) => {
    const { browser, email } = await newAdmin()
    await signUp({ email: 'user@example.com' })
    for (const status of ['pending', 'disabled']) {
      await signUp({ email: `${status}@example.com`, role: 'super_admin' })
      await sql`update users set status = ${status} where email = ${`${status}@example.com`}`
    }
    const answers = [
      await browser.signIn(email, WRONG),
      await browser.signIn('nobody@example.com', WRONG),
      await browser.signIn('user@example.com'),
      await browser.signIn('pending@example.com'),
      await browser.signIn('disabled@example.com'),
    ].map(shapeOf)
    t.match(answers[0], { status: 401, text: /wrong, or the account is not/ })
    for (const answer of answers) t.strictSame(answer, answers[0])
    t.equal(browser.cookie(), '')
    t.notMatch(answers[0]?.text, WRONG, 'the page does not contain the password')
  },
)

t.test('too many wrong passwords delay every password, here and at the API', async (t) => {
  const { browser, email } = await newAdmin()
  for (let i = 0; i < FREE_FAILURES; i += 1) await browser.signIn(email, WRONG)
  const right = await browser.signIn()
  t.match(right, { status: 429, headers: { 'retry-after': /^\d+$/ }, text: /Too many wrong passwords/ })
  t.strictSame(shapeOf(await browser.signIn(email, WRONG)), shapeOf(right))
  t.equal((await anonymous.post('/auth/login', { email, password: PASSWORD })).status, 429)
  for (let i = 0; i < FREE_FAILURES; i += 1) {
    await anonymous.post('/auth/login', { email: 'x@example.com', password: WRONG })
  }
  t.equal((await browser.signIn('x@example.com', WRONG)).status, 429)
})

const ENDINGS: Record<string, (scene: Scene) => Promise<unknown>> = {
  'it is ended in the list of sessions': async ({ admin }) => {
    const { body } = await admin.get('/me/sessions')
    const other = body.data.find(({ current }: { current: boolean }) => !current)
    return admin.delete(`/me/sessions/${other.id}`)
  },
  'the password changes': ({ admin }) =>
    admin.post('/me/change-password', { currentPassword: PASSWORD, newPassword: 'another quiet sentence' }),
  'the account is disabled': async ({ id }) =>
    (await signUp({ role: 'super_admin' })).patch(`/users/${id}`, { status: 'disabled' }),
  'it expires': ({ id }) =>
    sql`update sessions set expires_at = now() where user_id = ${id} and cookie_hash is not null`,
  'its cookie signs out elsewhere': ({ browser }) => {
    const elsewhere = createBrowser(app)
    return elsewhere.request('POST', SIGN_OUT, { form: {}, headers: { cookie: browser.cookie() } })
  },
}

for (const [cause, end] of Object.entries(ENDINGS)) {
  t.test(`a session ends at once when ${cause}`, async (t) => {
    const scene = await newAdmin()
    const { browser } = scene
    await browser.signIn()
    t.equal((await browser.get(BOARD)).status, 200)
    t.equal((await browser.get(QUEUES)).status, 200)
    await end(scene)
    t.match(await browser.get(BOARD), {
      status: 302,
      headers: { location: `${SIGN_IN}?next=%2Fadmin%2Fqueues` },
    })
    t.match((await browser.get(QUEUES)).json(), { status: 401, error: /no longer signed in/ })
    t.equal((await browser.get(SIGN_IN)).status, 200)
  })
}

t.test('refuses a former super_admin at once', async (t) => {
  const { browser, id } = await newAdmin()
  await browser.signIn()
  const other = await signUp({ role: 'super_admin' })
  t.equal((await other.patch(`/users/${id}`, { role: 'user' })).status, 200)
  t.match(await browser.get(BOARD), { status: 403, text: /do not have access/ })
  t.equal((await browser.get(QUEUES)).status, 403)
  t.equal((await browser.get(SIGN_IN)).status, 200, 'the sign-in page stays available for another account')
})

t.test('a sign-in leads back to the dashboard and nowhere else', async (t) => {
  const { browser, email } = await newAdmin()
  const deep = `${BOARD}/queue/jobs?status=failed`
  t.match(await browser.get(deep), {
    status: 302,
    headers: { location: `${SIGN_IN}?next=${encodeURIComponent(deep)}` },
  })
  const places = [
    'https://evil.example/admin/queues',
    '//evil.example/admin/queues',
    '/\\evil.example',
    '\\\\evil.example',
    '/admin/queues/../../evil',
    '/admin/queues/%2e%2e/%2e%2e/evil',
    '/admin/queues\n//evil.example',
    '/admin/queuesx',
    'javascript:alert(1)',
    '/api-docs',
    '',
    '/admin/queues/\t/evil.example/..//x',
  ]
  for (const next of places) {
    const location = (await browser.signIn(email, PASSWORD, next)).headers.location ?? ''
    t.match(location, /^\/admin\/queues($|\/)/, JSON.stringify(next))
    t.equal(new URL(location, 'https://own.example').origin, 'https://own.example')
    t.match(
      (await browser.get(`${SIGN_IN}?next=${encodeURIComponent(next)}`)).headers.location,
      /^\/admin\/queues($|\/)/,
      'the sign-in page redirects signed-in users only to the dashboard',
    )
  }
  t.equal((await browser.signIn(email, PASSWORD, deep)).headers.location, deep)
})

t.test('records sign-ins and sign-outs by name and without secrets', async (t) => {
  const { app, browser, admin } = await buildDashboard(t)
  await browser.signIn(ADMIN, WRONG)
  await browser.signIn()
  const token = browser.cookie().split('=')[1] ?? ''
  await browser.get(QUEUES)
  await browser.post(SIGN_OUT)
  const recorded = (await recordedRequests(app, admin)()).filter(({ url }) =>
    String(url).startsWith('/admin/'),
  )
  t.match(
    recorded.map(({ event, outcome, userId, subjectId }) => [event, outcome, userId ?? subjectId]).reverse(),
    [
      ['sign_in_failed', 'denied', admin.user?.id],
      ['sign_in', 'ok', admin.user?.id],
      ['sign_out', 'ok', admin.user?.id],
    ],
  )
  for (const secret of [WRONG, PASSWORD, token]) t.notOk(JSON.stringify(recorded).includes(secret))
})
