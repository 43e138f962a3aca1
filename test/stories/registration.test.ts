import { MAX_REGISTRATIONS } from '../../src/db/queries/accounts/registration.js'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import { connect } from '../helpers/database.js'
import { moved } from '../helpers/moved.js'
import { startOnboarding } from '../helpers/onboarding.js'
import t from '../tap.js'

const STRANGERS_PASSWORD = 'the password of somebody else'

const test = await startOnboarding(t, {
  config: { TRUST_PROXY: ['127.0.0.1'], PUBLIC_URL: 'https://api.example.com' },
})
const { anonymous, signUp, nextToken, mailbox } = test
const sql = connect(t, test.database.ownerUrl)

let count = 0

/** Each test has its own address, for which its owner and a stranger register. */
function newcomer() {
  count += 1
  const email = `Ada-${count}@Example.com`
  return {
    address: email.toLowerCase(),
    ada: { email, password: PASSWORD, firstName: 'Ada', lastName: 'Lovelace' },
    stranger: { email, password: STRANGERS_PASSWORD, firstName: 'Mallory', lastName: 'Stranger' },
  }
}

/** The registrations of an address that are not confirmed yet. */
const registrationsOf = (address: string) =>
  sql`select registrations.id from registrations join users on users.id = user_id where email = ${address}`

t.test('a stranger registers, reads the mail, confirms the address and signs in', async (t) => {
  const { address, ada } = newcomer()
  const registered = await anonymous.post('/auth/register', ada)
  t.match(registered, { status: 202, text: '' })
  t.match(await anonymous.post('/auth/login', { email: address, password: PASSWORD }), {
    status: 403,
    body: { code: 'EMAIL_NOT_VERIFIED' },
  })
  t.match(await anonymous.post('/auth/login', { email: address, password: 'not the password at all' }), {
    status: 401,
    body: { code: 'INVALID_CREDENTIALS' },
  })
  const token = await nextToken(address)
  t.match(await anonymous.post('/auth/verify-email', { token }), { status: 204, text: '' })
  const user = await anonymous.signIn(address, PASSWORD)
  const { body } = await user.get('/me')
  t.match(body, { email: address, firstName: 'Ada', role: 'user', status: 'active' })
  t.ok(body.emailVerifiedAt)
  t.match(await anonymous.post('/auth/verify-email', { token }), {
    status: 400,
    body: { code: 'INVALID_TOKEN' },
  })
  t.equal(mailbox.allTo(address).length, 1)
})

t.test('a known address gets the same answer, and its owner is notified', async (t) => {
  const { address, ada } = newcomer()
  const owner = await signUp({ email: address })
  const unknown = await anonymous.post('/auth/register', { ...ada, email: `new-${address}` })
  const known = await anonymous.post('/auth/register', ada)
  const comparable = ({ status, text, headers }: typeof known) => ({
    status,
    text,
    names: Object.keys(headers).sort(),
  })
  t.strictSame(comparable(known), comparable(unknown))
  t.match(await mailbox.next(address), { subject: /already/i })
  t.match(
    await owner.get('/me'),
    { body: { firstName: 'Ada', lastName: 'Test' } },
    'the account is unchanged',
  )
  t.ok(await anonymous.signIn(address, PASSWORD))
})

t.test('a link activates the password and names of its own registration only', async (t) => {
  const { address, ada, stranger } = newcomer()
  const logIn = (password: string) => anonymous.post('/auth/login', { email: address, password })
  await anonymous.post('/auth/register', stranger)
  const first = await nextToken(address)
  await anonymous.post('/auth/register', ada)
  const owners = await nextToken(address)
  t.match(await logIn(PASSWORD), { status: 403, body: { code: 'EMAIL_NOT_VERIFIED' } })
  await anonymous.post('/auth/register', stranger)
  const last = await nextToken(address)
  t.match(
    await logIn(STRANGERS_PASSWORD),
    { status: 403 },
    'the newest registration decides until one is confirmed',
  )
  t.match(await logIn(PASSWORD), { status: 401 })

  t.equal((await anonymous.post('/auth/verify-email', { token: owners })).status, 204)
  const user = await anonymous.signIn(address, PASSWORD)
  t.match((await user.get('/me')).body, { firstName: 'Ada', lastName: 'Lovelace' })
  t.equal((await logIn(STRANGERS_PASSWORD)).status, 401)
  for (const token of [first, last])
    t.match(
      await anonymous.post('/auth/verify-email', { token }),
      { status: 400 },
      'the other links are void',
    )
  t.strictSame([...(await registrationsOf(address))], [], 'no registration is left')
  t.notMatch(JSON.stringify(await moved(sql)`select * from audit.audit_log`), /argon2/)
})

t.test('after too many registrations of one address, a mail asks for a new password instead', async (t) => {
  const { address, ada, stranger } = newcomer()
  for (let i = 0; i < MAX_REGISTRATIONS; i += 1) {
    await anonymous.post('/auth/register', stranger)
    t.match((await mailbox.next(address)).text, /verify-email\?token=/)
  }
  await anonymous.post('/auth/register', ada)
  const token = await nextToken(address)
  t.match(mailbox.allTo(address).at(-1)?.text, /reset-password\?token=/)
  await anonymous.post('/auth/resend-verification', { email: address })
  t.match(
    (await mailbox.next(address)).text,
    /reset-password\?token=/,
    'a resent mail asks for the password, because its requester is unknown',
  )
  t.equal((await registrationsOf(address)).length, MAX_REGISTRATIONS)
  t.equal((await anonymous.post('/auth/reset-password', { token, password: PASSWORD })).status, 204)
  t.match(await anonymous.post('/auth/login', { email: address, password: STRANGERS_PASSWORD }), {
    status: 401,
  })
  t.ok(await anonymous.signIn(address, PASSWORD))
})

t.test('an administrator who activates an account activates no password of a registration', async (t) => {
  const { address, stranger } = newcomer()
  const admin = await signUp({ role: 'super_admin' })
  await anonymous.post('/auth/register', stranger)
  const token = await nextToken(address)
  const found = await admin.get(`/users?q=${address}`)
  t.match(found.body.data, [{ email: address, status: 'pending' }])
  await admin.patch(`/users/${found.body.data[0].id}`, { status: 'active' })
  t.match(await anonymous.post('/auth/login', { email: address, password: STRANGERS_PASSWORD }), {
    status: 401,
  })
  t.match(await anonymous.post('/auth/verify-email', { token }), { status: 400 })
  const next = await nextToken(address)
  t.match(
    mailbox.allTo(address).at(-1)?.text,
    /reset-password\?token=/,
    'the owner of the mailbox gets a link to set the password',
  )
  t.equal((await anonymous.post('/auth/reset-password', { token: next, password: PASSWORD })).status, 204)
  t.ok(await anonymous.signIn(address, PASSWORD))
})

t.test('the confirmation can be resent only to accounts that wait for it', async (t) => {
  const { address, ada } = newcomer()
  await signUp({ email: `active-${address}` })
  await anonymous.post('/auth/register', ada)
  const older = await nextToken(address)
  for (const email of [`nobody-${address}`, `active-${address}`, address.toUpperCase()]) {
    t.match(await anonymous.post('/auth/resend-verification', { email }), { status: 202, text: '' })
  }
  const newer = await nextToken(address)
  t.equal((await anonymous.post('/auth/verify-email', { token: older })).status, 204, 'both links are valid')
  t.match(
    await anonymous.post('/auth/verify-email', { token: newer }),
    { status: 400 },
    'the other link is void once one is used',
  )
  t.ok(await anonymous.signIn(address, PASSWORD))
  t.strictSame(
    mailbox.allTo(address).flatMap(({ recipients }) => recipients),
    [address, address],
  )
})

t.test('a user created by an administrator without a password sets the first one by mail', async (t) => {
  const { address, ada } = newcomer()
  const admin = await signUp({ role: 'super_admin' })
  const { status, body } = await admin.post('/users', {
    email: address,
    firstName: 'Ada',
    lastName: 'Lovelace',
  })
  t.match({ status, body }, { status: 201, body: { status: 'pending', emailVerifiedAt: null } })
  const token = await nextToken(address)

  await anonymous.post('/auth/register', { ...ada, password: 'a password of somebody else' })
  t.not(await nextToken(address), token, 'a registration meanwhile only sends another link')
  t.match(
    mailbox.allTo(address).map(({ text }) => text),
    [/reset-password\?token=/, /reset-password\?token=/],
  )

  await anonymous.post('/auth/forgot-password', { email: address })
  const newest = await nextToken(address)
  t.equal((await anonymous.post('/auth/reset-password', { token: newest, password: PASSWORD })).status, 204)
  t.match(await anonymous.post('/auth/reset-password', { token, password: PASSWORD }), { status: 400 })
  const user = await anonymous.signIn(address, PASSWORD)
  t.match((await user.get('/me')).body, { status: 'active', firstName: 'Ada', lastName: 'Lovelace' })
})

t.test('links lead to the configured address, whatever the Host header says', async (t) => {
  const { address, ada } = newcomer()
  await anonymous.post('/auth/register', ada, {
    host: 'evil.example',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'http',
    forwarded: 'host=evil.example',
  })
  const { text, html } = await mailbox.next(address)
  t.match(text, 'https://api.example.com/verify-email?token=')
  t.notMatch(`${text}${html}`, 'evil.example')
})

t.test('links lead to the front end when one is configured', async (t) => {
  const { address, ada } = newcomer()
  const { anonymous, mailbox } = await startOnboarding(t, {
    config: { FRONTEND_URL: 'https://app.example.com' },
  })
  await anonymous.post('/auth/register', ada)
  t.match((await mailbox.next(address)).text, 'https://app.example.com/verify-email?token=')
})

t.test('a registration that fails half-way leaves neither a user nor a job', async (t) => {
  const { ada } = newcomer()
  const { anonymous, database } = await buildTestApp(t)
  const sql = connect(t, database.ownerUrl)
  await sql.unsafe(`alter table outbox add constraint refuse check (job <> 'confirm-registration')`)
  t.equal((await anonymous.post('/auth/register', ada)).status, 500)
  t.strictSame([...(await sql`select email from users`)], [])
  t.strictSame([...(await moved(sql)`select from audit.audit_log where table_name = 'users'`)], [])
})

t.test('an owner who confirms a new account signs in despite any number of guesses', async (t) => {
  const { address, ada } = newcomer()
  const owner = { 'x-forwarded-for': '192.0.2.7' }
  const logIn = (password: string, headers = {}) =>
    anonymous.post('/auth/login', { email: address, password }, headers)
  const guess = () => Promise.all(Array.from({ length: 20 }, () => logIn(STRANGERS_PASSWORD)))
  await anonymous.post('/auth/register', ada)
  const token = await nextToken(address)
  await guess()
  t.equal((await anonymous.post('/auth/verify-email', { token }, owner)).status, 204)
  await guess()
  t.equal((await logIn(PASSWORD, owner)).status, 200)
})
