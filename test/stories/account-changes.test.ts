import t from 'tap'
import { PASSWORD } from '../helpers/app.js'
import { startOnboarding } from '../helpers/onboarding.js'

const NEW_PASSWORD = 'another quiet sentence'
const address = 'ada@example.com'
const newAddress = 'ada@new.example.com'

t.test(
  'a password changes with the present one only; other sessions end and the owner is told',
  async (t) => {
    const { anonymous, signUp, mailbox } = await startOnboarding(t)
    const user = await signUp({ email: address })
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

t.test('wrong present passwords are slowed down as they are when signing in', async (t) => {
  const { signUp } = await startOnboarding(t)
  const user = await signUp({ email: address })
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

t.test('an address changes with the password, once the new mailbox has confirmed it', async (t) => {
  const { anonymous, signUp, mailbox, nextToken } = await startOnboarding(t)
  const user = await signUp({ email: address })
  const change = (password: string) =>
    user.post('/me/change-email', { email: 'Ada@new.example.com', password })

  t.match(await change('not the password at all'), { status: 403, body: { code: 'WRONG_PASSWORD' } })
  t.match(await change(PASSWORD), { status: 202, text: '' })
  const token = await nextToken(newAddress)
  t.match(await mailbox.next(address), { subject: /address/i }, 'the old mailbox is told')
  t.match((await user.get('/me')).body, { email: address }, 'nothing has changed yet')

  await anonymous.post('/auth/forgot-password', { email: address })
  const resetToken = await nextToken(address)
  t.equal((await anonymous.post('/auth/verify-email', { token })).status, 204)
  t.match((await user.get('/me')).body, { email: newAddress })
  t.match(await mailbox.next(address), { subject: /address/i }, 'the old mailbox is told again')
  t.match(
    await anonymous.post('/auth/reset-password', { token: resetToken, password: NEW_PASSWORD }),
    { status: 400 },
    'a link to the old mailbox opens nothing any more',
  )
  t.match(await anonymous.post('/auth/login', { email: address, password: PASSWORD }), { status: 401 })
  t.ok(await anonymous.signIn(newAddress, PASSWORD))
})

t.test('the address of another account cannot be taken, and asking for it reveals nothing', async (t) => {
  const { anonymous, signUp, mailbox, nextToken } = await startOnboarding(t)
  await signUp({ email: newAddress })
  const user = await signUp({ email: address })
  t.match(await user.post('/me/change-email', { email: newAddress, password: PASSWORD }), {
    status: 202,
    text: '',
  })
  t.match(await mailbox.next(newAddress), { subject: /already/i })
  t.match(await mailbox.next(address), { subject: /address/i })

  await user.post('/me/change-email', { email: 'late@example.com', password: PASSWORD })
  const token = await nextToken('late@example.com')
  await signUp({ email: 'late@example.com' })
  t.match(await anonymous.post('/auth/verify-email', { token }), {
    status: 409,
    body: { code: 'EMAIL_TAKEN' },
  })
  t.match((await user.get('/me')).body, { email: address })
})
