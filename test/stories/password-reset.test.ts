import { MAX_FRESH_LINKS } from '../../src/db/queries/accounts/mailed-tokens.js'
import { FREE_FAILURES } from '../../src/db/queries/accounts/sign-in-throttle.js'
import { PASSWORD } from '../helpers/app.js'
import { connect } from '../helpers/database.js'
import { jobsAreDone } from '../helpers/jobs.js'
import { startOnboarding } from '../helpers/onboarding.js'
import t from '../tap.js'

const NEW_PASSWORD = 'another quiet sentence'

const test = await startOnboarding(t, { config: { TRUST_PROXY: ['127.0.0.1'] } })
const { anonymous, signUp, nextToken, mailbox } = test
const sql = connect(t, test.database.ownerUrl)

let count = 0

/** Each test has its own user. */
async function newcomer() {
  count += 1
  const address = `ada-${count}@example.com`
  const user = await signUp({ email: address })
  return { address, user, userId: user.user?.id ?? '' }
}

t.test('a forgotten password is reset by mail, and every session ends', async (t) => {
  const { address, user } = await newcomer()
  for (const email of [`nobody-${address}`, address.toUpperCase()]) {
    t.match(await anonymous.post('/auth/forgot-password', { email }), { status: 202, text: '' })
  }
  const token = await nextToken(address)
  t.equal((await anonymous.post('/auth/reset-password', { token, password: NEW_PASSWORD })).status, 204)
  t.equal((await user.get('/me')).status, 401)
  t.equal((await anonymous.post('/auth/refresh', { refreshToken: user.user?.refreshToken })).status, 401)
  t.match(await anonymous.post('/auth/login', { email: address, password: PASSWORD }), { status: 401 })
  t.ok(await anonymous.signIn(address, NEW_PASSWORD))
  t.match(await mailbox.next(address), { subject: /password/i }, 'the owner is notified')
  t.strictSame([...new Set(mailbox.allTo(address).flatMap(({ recipients }) => recipients))], [address])
})

t.test('a link works once, also of six concurrent attempts', async (t) => {
  const { address } = await newcomer()
  await anonymous.post('/auth/forgot-password', { email: address })
  const token = await nextToken(address)
  const tries = Array.from({ length: 6 }, () =>
    anonymous.post('/auth/reset-password', { token, password: NEW_PASSWORD }),
  )
  const statuses = (await Promise.all(tries)).map(({ status }) => status).sort()
  t.strictSame(statuses, [204, 400, 400, 400, 400, 400])
})

t.test('wrong, expired, used, void and other tokens get the same answer', async (t) => {
  const { address } = await newcomer()
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
  await sql`update mailed_tokens set expires_at = now() where email = ${address}`
  await anonymous.post('/auth/register', {
    email: `new-${address}`,
    password: PASSWORD,
    firstName: 'New',
    lastName: 'One',
  })
  const ofAnotherPurpose = await nextToken(`new-${address}`)

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
    'a reset token does not confirm an address',
  )
  t.match(await anonymous.post('/auth/refresh', { refreshToken: await ask() }), { status: 401 })
})

t.test('a disabled account gets no link, and an earlier link does not open it', async (t) => {
  const admin = await signUp({ role: 'super_admin' })
  const { address, userId } = await newcomer()
  await anonymous.post('/auth/forgot-password', { email: address })
  const token = await nextToken(address)
  const change = (status: string) => admin.patch(`/users/${userId}`, { status })
  const reset = () => anonymous.post('/auth/reset-password', { token, password: NEW_PASSWORD })
  await change('disabled')
  await anonymous.post('/auth/forgot-password', { email: address })
  t.match(await reset(), { status: 400, body: { code: 'INVALID_TOKEN' } })
  await jobsAreDone(sql)
  t.equal(mailbox.allTo(address).length, 1, 'only the earlier link was sent')
  await change('active')
  t.match(await reset(), { status: 400 }, 'the link stays void after the account is enabled')
  t.ok(await anonymous.signIn(address, PASSWORD))
})

t.test('links that others request invalidate none, and all end with the first success', async (t) => {
  const { address, userId } = await newcomer()
  for (let i = 0; i < MAX_FRESH_LINKS + 2; i += 1)
    await anonymous.post('/auth/forgot-password', { email: address })
  await jobsAreDone(sql)
  t.equal(mailbox.allTo(address).length, MAX_FRESH_LINKS, 'no more links are sent while this many are fresh')
  const tokens: string[] = []
  for (let i = 0; i < MAX_FRESH_LINKS; i += 1) tokens.push(await nextToken(address))
  await sql`update mailed_tokens set created_at = now() - interval '1 hour' where email = ${address}`
  await anonymous.post('/auth/forgot-password', { email: address })
  tokens.push(await nextToken(address))

  const reset = (token: string) => anonymous.post('/auth/reset-password', { token, password: NEW_PASSWORD })
  t.equal((await reset(tokens.shift() ?? '')).status, 204, 'the oldest link works')
  for (const token of tokens) t.match(await reset(token), { status: 400, body: { code: 'INVALID_TOKEN' } })
  t.strictSame([...(await sql`select id from mailed_tokens where user_id = ${userId}`)], [])
})

t.test('a link mailed to an address is void once the account has another', async (t) => {
  const { address, userId } = await newcomer()
  await anonymous.post('/auth/forgot-password', { email: address })
  const token = await nextToken(address)
  // Restores the deleted token, to test each remaining check.
  const ofUser = () => sql`select * from mailed_tokens where user_id = ${userId}`
  const kept = await ofUser()
  const newAddress = `new-${address}`
  await sql`update users set email = ${newAddress} where id = ${userId}`
  t.strictSame([...(await ofUser())], [])
  await sql`insert into mailed_tokens ${sql(kept)}`
  const reset = () => anonymous.post('/auth/reset-password', { token, password: NEW_PASSWORD })
  t.match(await reset(), { status: 400 })
  await sql`update mailed_tokens set security_version = users.security_version from users
    where users.id = user_id and user_id = ${userId}`
  t.match(await reset(), { status: 400 })
  await sql`update mailed_tokens set email = ${newAddress} where user_id = ${userId}`
  t.match(await reset(), { status: 204 }, 'the token works once both values match again')
})

t.test('a reset by mail skips the wait after wrong passwords', async (t) => {
  const { address } = await newcomer()
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

const WRONG = 'not the password at all'
const OWNER = { 'x-forwarded-for': '192.0.2.7' }
const from = (i: number) => ({ 'x-forwarded-for': `198.51.100.${i}` })

t.test('strangers cannot hold up a user who proves the mailbox', async (t) => {
  const { address } = await newcomer()
  const logIn = async (password: string, headers: { 'x-forwarded-for': string }) =>
    (await anonymous.post('/auth/login', { email: address, password }, headers)).status
  const guess = (count: number, headers?: typeof OWNER) =>
    Promise.all(Array.from({ length: count }, (_, i) => logIn(WRONG, headers ?? from(i))))
  const attack = async () => {
    await guess(20)
    await anonymous.post('/auth/forgot-password', { email: address }, from(1))
  }
  const endWaits = () => sql`update sign_in_throttles set blocked_until = now()`

  await attack()
  const token = await nextToken(address)
  for (let i = 0; i < 3; i += 1) {
    await endWaits()
    await attack()
  }
  t.equal(await logIn(PASSWORD, OWNER), 429)
  const reset = { token, password: NEW_PASSWORD }
  t.equal(
    (await anonymous.post('/auth/reset-password', reset, OWNER)).status,
    204,
    'the first link is still valid',
  )
  await attack()
  t.equal(await logIn(NEW_PASSWORD, OWNER), 200)
  t.equal(await logIn(NEW_PASSWORD, OWNER), 200, 'the owner can sign in again')
  t.equal(await logIn(NEW_PASSWORD, from(99)), 429, 'sign-ins from other addresses still wait')

  const statuses = await guess(40, OWNER)
  t.equal(
    statuses.filter((status) => status === 401).length,
    FREE_FAILURES,
    "guesses from the owner's address count",
  )
  t.equal(await logIn(NEW_PASSWORD, OWNER), 429)
  await endWaits()
  t.equal(await logIn(NEW_PASSWORD, OWNER), 200)
  await attack()
  await sql`update sign_in_throttles set reserved_until = now()`
  t.equal(await logIn(NEW_PASSWORD, OWNER), 429, "the exception for the owner's address expires")
  t.notMatch(JSON.stringify(await sql`select * from sign_in_throttles`), /example|192\.0/)
})
