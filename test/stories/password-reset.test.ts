import t from 'tap'
import { PASSWORD } from '../helpers/app.js'
import { connect } from '../helpers/database.js'
import { startOnboarding } from '../helpers/onboarding.js'

const NEW_PASSWORD = 'another quiet sentence'
const address = 'ada@example.com'

t.test('whoever forgot the password gets it back by mail, and every session ends', async (t) => {
  const { anonymous, signUp, nextToken, mailbox } = await startOnboarding(t)
  const user = await signUp({ email: address })
  for (const email of ['nobody@example.com', 'Ada@Example.com']) {
    t.match(await anonymous.post('/auth/forgot-password', { email }), { status: 202, text: '' })
  }
  const token = await nextToken(address)
  t.equal((await anonymous.post('/auth/reset-password', { token, password: NEW_PASSWORD })).status, 204)
  t.equal((await user.get('/me')).status, 401)
  t.equal((await anonymous.post('/auth/refresh', { refreshToken: user.user?.refreshToken })).status, 401)
  t.match(await anonymous.post('/auth/login', { email: address, password: PASSWORD }), { status: 401 })
  t.ok(await anonymous.signIn(address, NEW_PASSWORD))
  t.match(await mailbox.next(address), { subject: /password/i }, 'the owner is told')
  t.strictSame([...new Set(mailbox.all.flatMap(({ recipients }) => recipients))], [address])
})

t.test('a link opens once, of six tries at the same time as well', async (t) => {
  const { anonymous, signUp, nextToken } = await startOnboarding(t)
  await signUp({ email: address })
  await anonymous.post('/auth/forgot-password', { email: address })
  const token = await nextToken(address)
  const tries = Array.from({ length: 6 }, () =>
    anonymous.post('/auth/reset-password', { token, password: NEW_PASSWORD }),
  )
  const statuses = (await Promise.all(tries)).map(({ status }) => status).sort()
  t.strictSame(statuses, [204, 400, 400, 400, 400, 400])
})

t.test('wrong, expired, used, void and other tokens get one and the same answer', async (t) => {
  const { anonymous, signUp, nextToken, database } = await startOnboarding(t)
  const sql = connect(t, database.ownerUrl)
  await signUp({ email: address })
  const ask = async () => {
    await anonymous.post('/auth/forgot-password', { email: address })
    return nextToken(address)
  }
  const older = await ask()
  const used = await ask()
  t.equal((await anonymous.post('/auth/reset-password', { token: used, password: NEW_PASSWORD })).status, 204)
  const voidByChange = await ask()
  const user = await anonymous.signIn(address, NEW_PASSWORD)
  await user.post('/me/change-password', { currentPassword: NEW_PASSWORD, newPassword: PASSWORD })
  const expired = await ask()
  await sql`update mailed_tokens set expires_at = now()`
  await anonymous.post('/auth/register', {
    email: 'new@example.com',
    password: PASSWORD,
    firstName: 'New',
    lastName: 'One',
  })
  const ofAnotherPurpose = await nextToken('new@example.com')

  const tokens = { unknown: 'A'.repeat(43), older, used, voidByChange, expired, ofAnotherPurpose }
  const answers = []
  for (const [name, token] of Object.entries(tokens)) {
    const { status, body } = await anonymous.post('/auth/reset-password', { token, password: NEW_PASSWORD })
    answers.push({ status, ...body, requestId: '' })
    t.strictSame(answers.at(-1), answers[0], name)
  }
  t.match(answers[0], { status: 400, code: 'INVALID_TOKEN' })
  t.match(
    await anonymous.post('/auth/verify-email', { token: await ask() }),
    { status: 400, body: { code: 'INVALID_TOKEN' } },
    'nor does a reset confirm an address',
  )
  t.match(await anonymous.post('/auth/refresh', { refreshToken: await ask() }), { status: 401 })
})

t.test('a disabled account gets no link, and one from before does not open it', async (t) => {
  const { anonymous, signUp, nextToken, mailbox, database } = await startOnboarding(t)
  const sql = connect(t, database.ownerUrl)
  const admin = await signUp({ role: 'super_admin' })
  const user = await signUp({ email: address })
  await anonymous.post('/auth/forgot-password', { email: address })
  const token = await nextToken(address)
  await admin.patch(`/users/${user.user?.id}`, { status: 'disabled' })
  await anonymous.post('/auth/forgot-password', { email: address })
  t.equal((await anonymous.post('/auth/reset-password', { token, password: NEW_PASSWORD })).status, 204)
  t.match(await anonymous.post('/auth/login', { email: address, password: NEW_PASSWORD }), {
    status: 403,
    body: { code: 'ACCOUNT_DISABLED' },
  })
  await mailbox.next(address)
  const [open] = await sql`select count(*)::int as count from outbox where done_at is null`
  t.match(open, { count: 0 })
  t.equal(mailbox.all.length, 2, 'the link from before, and the notice')
})

t.test('a reset by mail passes the wait after wrong passwords', async (t) => {
  const { anonymous, signUp, nextToken, mailbox } = await startOnboarding(t)
  await signUp({ email: address })
  const wrong = () => anonymous.post('/auth/login', { email: address, password: 'not the password at all' })
  let answer = await wrong()
  while (answer.status === 401) answer = await wrong()
  t.match(answer, { status: 429, body: { code: 'TOO_MANY_ATTEMPTS' } })
  await mailbox.next(address)
  await anonymous.post('/auth/forgot-password', { email: address })
  const token = await nextToken(address)
  await anonymous.post('/auth/reset-password', { token, password: NEW_PASSWORD })
  t.ok(await anonymous.signIn(address, NEW_PASSWORD))
})
