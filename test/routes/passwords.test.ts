import { hashPassword } from '../../src/lib/auth/passwords.js'
import { PRODUCT } from '../../src/lib/product.js'
import { buildTestApp, PASSWORD, type TestApp } from '../helpers/app.js'
import { startBreachServer } from '../helpers/breaches.js'
import { connect } from '../helpers/database.js'
import { mailToken } from '../helpers/mailed-token.js'
import { moved } from '../helpers/moved.js'
import { startOnboarding } from '../helpers/onboarding.js'
import t from '../tap.js'

const NEW_PASSWORD = 'another quiet sentence'

const { app, anonymous, signUp, database } = await buildTestApp(t)
/** Another process of the same data, which hashes at a higher cost. */
const stronger = await buildTestApp(t, { database, config: { ARGON2_PASSES: 3 } })
const sql = connect(t, database.ownerUrl)

/** Runs `between` once, after the password is verified and before the request continues. */
function interrupt(app: TestApp['app'], between: () => Promise<unknown>) {
  const { verify } = app.passwords
  app.passwords.verify = async (attempt) => {
    app.passwords.verify = verify
    const verified = await verify(attempt)
    await between()
    return verified
  }
}

t.test('every way to set a password has the same rules, and a refusal consumes nothing', async (t) => {
  const stolen = 'a sentence that was stolen'
  const breaches = await startBreachServer(t, [stolen])
  const { anonymous, signUp, nextToken } = await startOnboarding(t, {
    config: { BREACHED_PASSWORDS_URL: breaches.url },
  })
  const admin = await signUp({ role: 'super_admin' })
  const user = await signUp({ email: 'ada@example.com' })
  await anonymous.post('/auth/forgot-password', { email: 'ada@example.com' })
  const token = await nextToken('ada@example.com')
  const person = { firstName: 'Grace', lastName: 'Hopper', email: 'grace.hopper@example.com' }
  const ways: Record<string, (password: string) => ReturnType<typeof anonymous.post>> = {
    register: (password) => anonymous.post('/auth/register', { ...person, password }),
    reset: (password) => anonymous.post('/auth/reset-password', { token, password }),
    change: (newPassword) => user.post('/me/change-password', { currentPassword: PASSWORD, newPassword }),
    create: (password) => admin.post('/users', { ...person, password }),
  }
  for (const [way, set] of Object.entries(ways)) {
    for (const wrong of ['eleven char', '🐘'.repeat(11), 'x1'.repeat(65)]) {
      const { status, body } = await set(wrong)
      t.match({ status, code: body?.code }, { status: 400, code: 'VALIDATION_FAILED' }, `${way} ${wrong}`)
      t.match(body.errors, [{ path: way === 'change' ? 'newPassword' : 'password' }])
    }
    for (const easy of ['password1234', `my ${PRODUCT.name} is safe`]) {
      t.match(await set(easy), { status: 400, body: { code: 'PASSWORD_TOO_COMMON' } }, `${way} ${easy}`)
    }
    t.match(await set(stolen), { status: 400, body: { code: 'PASSWORD_TOO_COMMON', detail: /stolen/ } }, way)
  }
  for (const way of ['register', 'create'] as const) {
    t.match(await ways[way]?.('here is grace.hopper again'), { body: { detail: /your e-mail address/ } })
  }
  t.equal(breaches.asked.length, 4, 'only passwords that pass all other rules are looked up')
  breaches.state.fault = (request) => request.socket.destroy()
  t.equal((await ways.reset?.(NEW_PASSWORD))?.status, 204, 'the link is still valid')
})

t.test('accepts any characters in a password, and every one of them counts', async (t) => {
  const admin = await signUp({ role: 'super_admin' })
  const passwords = [
    'correct horse battery staple',
    ' лошадь скрепка батарея ',
    '🐘🎉🚀🌵🍕🎈🦊🐙🌈⚡🔥🎲',
    'a quiet evening by the sea with an old friend and his grey dog, 73',
    'r4nd0m-'.repeat(10).concat('xyz'),
    `${'four score and seven years ago '.repeat(4)}1234`,
  ]
  for (const [i, password] of passwords.entries()) {
    const email = `password-${i}@example.com`
    const created = await admin.post('/users', { email, firstName: 'Ada', lastName: 'Lee', password })
    t.equal(created.status, 201, password)
    t.ok(await anonymous.signIn(email, password))
    const shorter = [...password].slice(0, -1).join('')
    t.equal((await anonymous.post('/auth/login', { email, password: shorter })).status, 401)
  }
})

t.test('refuses a huge password before working on it', async (t) => {
  const { verify, hashNew } = app.passwords
  t.teardown(() => Object.assign(app.passwords, { verify, hashNew }))
  app.passwords.verify = app.passwords.hashNew = () => t.fail('the password is hashed') as never
  const person = { email: 'ada@example.com', firstName: 'Ada', lastName: 'Lee' }
  for (const length of [129, 1_000_000, 2_000_000]) {
    const password = 'x'.repeat(length)
    const status = length > 1_048_576 ? 413 : 400
    t.equal((await anonymous.post('/auth/login', { email: person.email, password })).status, status)
    t.equal((await anonymous.post('/auth/register', { ...person, password })).status, status)
  }
})

t.test('the next sign-in rehashes after an increase of the cost and changes nothing else', async (t) => {
  const user = await signUp()
  const { id = '', email = '' } = user.user ?? {}
  const stored = async () => (await sql`select password_hash, updated_at from users where id = ${id}`)[0]
  const before = await stored()
  t.match(before?.password_hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)

  t.equal((await stronger.anonymous.post('/auth/login', { email, password: NEW_PASSWORD })).status, 401)
  t.strictSame(await stored(), before, 'a wrong password does not rehash')
  const signIns = Array.from({ length: 5 }, () => stronger.anonymous.signIn(email, PASSWORD))
  t.equal((await Promise.all(signIns)).length, 5)
  const after = await stored()
  t.match(after?.password_hash, /^\$argon2id\$v=19\$m=19456,t=3,p=1\$/)
  t.strictSame(after?.updated_at, before?.updated_at)
  t.equal((await user.get('/me')).status, 200, 'the existing session continues')

  t.ok(await stronger.anonymous.signIn(email, PASSWORD))
  t.ok(await anonymous.signIn(email, PASSWORD), 'a process with a lower cost accepts the hash')
  t.strictSame(await stored(), after)
  const entries = await moved(sql)`select actor, url, state_before, state_after from audit.audit_log
    where table_name = 'users' and action = 'update' and object_id = ${id}`
  t.equal(entries.length, 1)
  t.match(entries[0], { actor: 'anonymous', url: '/api/v1/auth/login' })
  t.match(entries[0]?.state_after, { password_hash: '[redacted]' })
})

t.test('a sign-in in flight when the password changes does not outlive the change', async (t) => {
  const { app, anonymous, signUp } = stronger
  const admin = await signUp({ role: 'super_admin' })
  const user = await signUp()
  const { id, email = '' } = user.user ?? {}
  const logIn = (password: string) => anonymous.post('/auth/login', { email, password })
  const live = () => sql`select from sessions where user_id = ${id ?? ''} and ended_at is null`

  interrupt(app, () => user.patch('/me', { firstName: 'Grace' }))
  t.equal((await logIn(PASSWORD)).status, 200, 'an unrelated change does not fail the sign-in')
  const change = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
  // This hash is due for a rehash, which must not restore the old password either.
  await sql`update users set password_hash = ${await hashPassword(PASSWORD)} where id = ${id ?? ''}`
  interrupt(app, () => user.post('/me/change-password', change))
  t.match(await logIn(PASSWORD), { status: 401, body: { code: 'INVALID_CREDENTIALS' } })
  t.equal((await live()).length, 1, 'only the session that changed the password is left')
  t.equal((await logIn(NEW_PASSWORD)).status, 200)

  interrupt(app, () => admin.patch(`/users/${id}`, { status: 'disabled' }))
  t.equal((await logIn(NEW_PASSWORD)).status, 401)
  t.equal((await live()).length, 0)
})

t.test('a password change in flight when another one commits does not undo it', async (t) => {
  const user = await signUp()
  const { id: userId = '', email = '' } = user.user ?? {}
  const LAST_PASSWORD = 'the last of these sentences'
  const change = (currentPassword: string, newPassword: string) =>
    user.post('/me/change-password', { currentPassword, newPassword })

  interrupt(app, () => change(PASSWORD, NEW_PASSWORD))
  t.match(await change(PASSWORD, LAST_PASSWORD), { status: 403, body: { code: 'WRONG_PASSWORD' } })
  t.ok(await anonymous.signIn(email, NEW_PASSWORD))

  const token = await mailToken(app, { userId, email, purpose: 'reset_password' })
  interrupt(app, () => anonymous.post('/auth/reset-password', { token, password: PASSWORD }))
  t.match(await change(NEW_PASSWORD, LAST_PASSWORD), { status: 401, body: { code: 'UNAUTHORIZED' } })
  t.ok(await anonymous.signIn(email, PASSWORD))
})

t.test('refuses further passwords when too many wait and slows down nothing else', async (t) => {
  const user = await signUp()
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const abort = async () => {
    await held
    throw new Error('not hashed')
  }
  const waiting = Array.from({ length: 252 }, () =>
    app.passwords.verify({ passwordHash: null, password: PASSWORD, before: abort }).catch(() => 'done'),
  )
  const logIn = () => anonymous.post('/auth/login', { email: 'nobody@example.com', password: PASSWORD })
  t.match(await logIn(), {
    status: 503,
    headers: { 'retry-after': '1' },
    body: { code: 'SERVICE_UNAVAILABLE' },
  })
  t.equal((await user.get('/me')).status, 200)
  release()
  t.strictSame([...new Set(await Promise.all(waiting))], ['done'])
  t.equal((await logIn()).status, 401, 'sign-ins work again afterwards')
})
