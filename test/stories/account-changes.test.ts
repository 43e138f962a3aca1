import { buildTestApp, PASSWORD, type TestApp } from '../helpers/app.js'
import type { Client } from '../helpers/client.js'
import { connect } from '../helpers/database.js'
import { jobsAreDone } from '../helpers/jobs.js'
import { startMailbox } from '../helpers/mailbox.js'
import { mailToken } from '../helpers/mailed-token.js'
import { startOnboarding } from '../helpers/onboarding.js'
import { startTestWorker } from '../helpers/worker.js'
import t from '../tap.js'

const NEW_PASSWORD = 'another quiet sentence'

const { anonymous, signUp, mailbox, nextToken } = await startOnboarding(t)

let count = 0

/** A user for each test, with an address to move to. */
async function newcomer() {
  count += 1
  const address = `ada-${count}@example.com`
  return { address, newAddress: `ada-${count}@new.example.com`, user: await signUp({ email: address }) }
}

t.test(
  'a password changes only with the current one; other sessions end and the owner is notified',
  async (t) => {
    const { address, user } = await newcomer()
    const other = await anonymous.signIn(address, PASSWORD)
    const change = (currentPassword: string, newPassword: string) =>
      user.post('/me/change-password', { currentPassword, newPassword })

    t.match(await change('not the password at all', NEW_PASSWORD), {
      status: 403,
      body: { code: 'WRONG_PASSWORD' },
    })
    t.match(await change(PASSWORD, 'password1234'), { status: 400, body: { code: 'PASSWORD_TOO_COMMON' } })
    t.equal((await other.get('/me')).status, 200)
    t.match(await change(PASSWORD, NEW_PASSWORD), { status: 204, text: '' })
    t.equal((await user.get('/me')).status, 200)
    t.equal((await other.get('/me')).status, 401)
    t.match(await anonymous.post('/auth/login', { email: address, password: PASSWORD }), { status: 401 })
    t.ok(await anonymous.signIn(address, NEW_PASSWORD))
    t.match(await mailbox.next(address), { subject: /password/i })
  },
)

t.test('throttles wrong current passwords as at sign-in', async (t) => {
  const { user } = await newcomer()
  const guess = () =>
    user.post('/me/change-password', {
      currentPassword: 'not the password at all',
      newPassword: NEW_PASSWORD,
    })
  let answer = await guess()
  let tries = 1
  for (; answer.status === 403; tries += 1) answer = await guess()
  t.match(answer, { status: 429, body: { code: 'TOO_MANY_ATTEMPTS' }, headers: { 'retry-after': /^[1-9]/ } })
  t.ok(tries <= 11)
})

t.test('guesses by strangers at the sign-in do not delay signed-in users', async (t) => {
  const { address, user } = await newcomer()
  const wrong = 'not the password at all'
  let answer = await anonymous.post('/auth/login', { email: address, password: wrong })
  while (answer.status === 401)
    answer = await anonymous.post('/auth/login', { email: address, password: wrong })
  t.equal(answer.status, 429)
  const change = (currentPassword: string) =>
    user.post('/me/change-password', { currentPassword, newPassword: NEW_PASSWORD })
  t.equal((await change(wrong)).status, 403)
  t.equal((await change(PASSWORD)).status, 204)
})

t.test('an address changes with the password, once the new mailbox has confirmed it', async (t) => {
  const { address, newAddress, user } = await newcomer()
  const change = (password: string) =>
    user.post('/me/change-email', { email: newAddress.replace('a', 'A'), password })

  t.match(await change('not the password at all'), { status: 403, body: { code: 'WRONG_PASSWORD' } })
  t.match(await change(PASSWORD), { status: 202, text: '' })
  const token = await nextToken(newAddress)
  t.match(await mailbox.next(address), { subject: /address/i }, 'the old mailbox is notified')
  t.match((await user.get('/me')).body, { email: address }, 'the address has not changed yet')

  await anonymous.post('/auth/forgot-password', { email: address })
  const resetToken = await nextToken(address)
  t.equal((await anonymous.post('/auth/verify-email', { token })).status, 204)
  t.match((await user.get('/me')).body, { email: newAddress })
  t.match(await mailbox.next(address), { subject: /address/i }, 'the old mailbox is notified again')
  t.match(
    await anonymous.post('/auth/reset-password', { token: resetToken, password: NEW_PASSWORD }),
    { status: 400 },
    'a link to the old mailbox is void',
  )
  t.match(await anonymous.post('/auth/login', { email: address, password: PASSWORD }), { status: 401 })
  t.ok(await anonymous.signIn(newAddress, PASSWORD))
})

t.test('the address of another account cannot be taken, and asking for it reveals nothing', async (t) => {
  const { address, newAddress, user } = await newcomer()
  await signUp({ email: newAddress })
  t.match(await user.post('/me/change-email', { email: newAddress, password: PASSWORD }), {
    status: 202,
    text: '',
  })
  t.match(await mailbox.next(newAddress), { subject: /already/i })
  t.match(await mailbox.next(address), { subject: /address/i })

  await user.post('/me/change-email', { email: `late-${address}`, password: PASSWORD })
  const token = await nextToken(`late-${address}`)
  await signUp({ email: `late-${address}` })
  t.match(await anonymous.post('/auth/verify-email', { token }), {
    status: 409,
    body: { code: 'EMAIL_TAKEN' },
  })
  t.match((await user.get('/me')).body, { email: address })
})

type Scene = { testApp: TestApp; owner: Client; intruder: Client; admin: Client }

/**
 * Ways in which the owner or an administrator can stop a session that requested another address.
 */
const REMEDIES: Record<string, (scene: Scene) => Promise<unknown>> = {
  'a reset': async ({ testApp: { app, anonymous }, owner }) => {
    const { id: userId = '', email = '' } = owner.user ?? {}
    const token = await mailToken(app, { userId, email, purpose: 'reset_password' })
    await anonymous.post('/auth/reset-password', { token, password: NEW_PASSWORD })
  },
  'a new password': ({ owner }) =>
    owner.post('/me/change-password', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }),
  'a new password by the same session': ({ intruder }) =>
    intruder.post('/me/change-password', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }),
  'the end of the session': async ({ owner }) => {
    const { data } = (await owner.get('/me/sessions')).body
    const other = data.find((session: { current: boolean }) => !session.current)
    await owner.delete(`/me/sessions/${other.id}`)
  },
  'the end of all other sessions': ({ owner }) => owner.delete('/me/sessions'),
  'signing out': ({ intruder }) => intruder.post('/auth/logout'),
  'disabling and enabling': async ({ admin, owner }) => {
    for (const status of ['disabled', 'active']) await admin.patch(`/users/${owner.user?.id}`, { status })
  },
}

const evilOf = (client: Client) => `evil-${client.user?.email}`

async function enter({ signUp, anonymous }: TestApp) {
  const owner = await signUp()
  const email = String(owner.user?.email)
  const intruder = await anonymous.signIn(email, PASSWORD)
  const requested = await intruder.post('/me/change-email', { email: evilOf(owner), password: PASSWORD })
  return { owner, intruder, isRequested: requested.status === 202 }
}

t.test('ending the session or changing the account cancels a pending change of address', async (t) => {
  const mailbox = await startMailbox(t)
  const testApp = await buildTestApp(t, { config: { SMTP_URL: mailbox.url } })
  const { anonymous, database, signUp } = testApp
  const sql = connect(t, database.ownerUrl)
  const admin = await signUp({ role: 'super_admin' })
  const tokenTo = async (address: string) =>
    /token=([\w-]+)/.exec((await mailbox.next(address)).text)?.[1] ?? ''

  for (const [name, remedy] of Object.entries(REMEDIES)) {
    const { owner, intruder, isRequested } = await enter(testApp)
    t.ok(isRequested, name)
    await remedy({ testApp, owner, intruder, admin })
  }
  const untouched = await enter(testApp)
  await startTestWorker(t, testApp)
  await jobsAreDone(sql)
  const recipients = mailbox.all.flatMap((mail) => mail.recipients)
  t.strictSame(
    recipients.filter((address) => address.startsWith('evil-')),
    [evilOf(untouched.owner)],
    'no link is sent for a cancelled change',
  )
  const token = await tokenTo(evilOf(untouched.owner))
  t.equal((await anonymous.post('/auth/verify-email', { token })).status, 204)

  for (const [name, remedy] of Object.entries(REMEDIES)) {
    const { owner, intruder } = await enter(testApp)
    const token = await tokenTo(evilOf(owner))
    await remedy({ testApp, owner, intruder, admin })
    t.match(
      await anonymous.post('/auth/verify-email', { token }),
      { status: 400 },
      `a link mailed before ${name} is void`,
    )
    t.equal((await anonymous.request({ url: `/verify-email?token=${token}` })).status, 400)
  }
  const moved = await sql`select email from users where email like 'evil-%'`
  t.strictSame([...moved], [{ email: evilOf(untouched.owner) }])

  await testApp.app.settleAuditRequests()
  const { body } = await admin.get('/audit-requests?event=email_changed')
  t.match(body.data, [{ outcome: 'ok', userId: null, subjectId: untouched.owner.user?.id }])
})

t.test('an unconfirmed registration does not block users who move to its address', async (t) => {
  const { newAddress, user } = await newcomer()
  const person = { firstName: 'Mallory', lastName: 'Stranger', password: NEW_PASSWORD }
  await anonymous.post('/auth/register', { ...person, email: newAddress })
  const strangers = await nextToken(newAddress)
  await user.post('/me/change-email', { email: newAddress, password: PASSWORD })
  const token = await nextToken(newAddress)
  t.equal((await anonymous.post('/auth/verify-email', { token })).status, 204)
  t.match((await user.get('/me')).body, { email: newAddress })
  t.match(await anonymous.post('/auth/verify-email', { token: strangers }), { status: 400 })
  t.ok(await anonymous.signIn(newAddress, PASSWORD))
})
