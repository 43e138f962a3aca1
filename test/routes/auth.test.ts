import { PRODUCT } from '../../src/lib/product.js'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import { type Client, createClient } from '../helpers/client.js'
import { connect } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import t from '../tap.js'

const config = { RATE_LIMIT: 'off' } as const
const first = await buildTestApp(t, { config })
const second = await buildTestApp(t, { config, database: first.database })
const { signUp, anonymous, database } = first
const admin = await signUp({ role: 'super_admin' })
const sql = connect(t, database.adminUrl)

const elsewhere = (client: Client): Client => createClient(second.app, client.user)
const pathOf = (client: Client): string => `/users/${client.user?.id}`
const signInAgain = (client: Client) => anonymous.signIn(client.user?.email ?? '', PASSWORD)

/** Waits until both processes have received every revocation committed so far. */
const settle = () => Promise.all([first.app.revocationList.settle(), second.app.revocationList.settle()])

/** The statuses of `GET /me` on both processes. */
async function statusesOf(client: Client): Promise<number[]> {
  await settle()
  return [(await client.get('/me')).status, (await elsewhere(client).get('/me')).status]
}

t.test('signs in with the password and any case of the address', async (t) => {
  const user = await signUp({ email: 'ada@example.com' })
  const { status, body, headers } = await anonymous.post('/auth/login', {
    email: 'ADA@Example.com',
    password: PASSWORD,
  })
  t.equal(status, 200)
  t.strictSame(Object.keys(body), ['accessToken', 'tokenType', 'expiresIn', 'refreshToken', 'user'])
  t.match(body, {
    tokenType: 'Bearer',
    expiresIn: 900,
    user: { id: user.user?.id, email: 'ada@example.com' },
  })
  t.equal(headers['cache-control'], 'no-store')
  t.strictSame(body.user, (await user.get('/me')).body)

  const others = ['ada@example.com ', ' ada@example.com', 'ada@example.com.', 'ａda@example.com']
  for (const email of others) {
    t.match(
      await anonymous.post('/auth/login', { email, password: PASSWORD }),
      { status: 400 },
      `"${email}" is not an address`,
    )
  }
  const elsewhere = { email: 'ada@ex\u0061\u0301mple.com', password: PASSWORD }
  t.equal(
    (await anonymous.post('/auth/login', elsewhere)).status,
    401,
    'an accented letter makes another domain',
  )
  for (const password of [`${PASSWORD} `, PASSWORD.toUpperCase(), PASSWORD.slice(0, -1), '']) {
    const answer = await anonymous.post('/auth/login', { email: 'ada@example.com', password })
    t.ok(answer.status === (password === '' ? 400 : 401))
  }
})

t.test('no account exists by default', async (t) => {
  const guesses = ['admin', 'root', 'administrator', 'test', 'user', 'postgres', PRODUCT.name]
  for (const name of guesses) {
    for (const email of [`${name}@example.com`, `${name}@localhost.localdomain`]) {
      const answer = await anonymous.post('/auth/login', { email, password: name })
      t.match(answer, { status: 401, body: { code: 'INVALID_CREDENTIALS' } })
    }
  }
})

t.test('signing out ends this session on every process and no other session', async (t) => {
  const here = await signUp()
  const phone = await signInAgain(here)
  const { status, text } = await here.post('/auth/logout')
  t.strictSame([status, text], [204, ''])
  t.strictSame(await statusesOf(here), [401, 401])
  t.strictSame(await statusesOf(phone), [200, 200])
  t.equal((await here.post('/auth/logout')).status, 401, 'the session has already ended')
  t.match(await anonymous.post('/auth/refresh', { refreshToken: here.user?.refreshToken ?? '' }), {
    status: 401,
    body: { code: 'INVALID_REFRESH_TOKEN' },
  })
  t.equal((await anonymous.post('/auth/logout')).status, 401)
})

t.test(
  'a change of an account by an administrator or in the database ends its tokens everywhere',
  async (t) => {
    const ends: Record<string, (client: Client) => PromiseLike<unknown>> = {
      'disabled by an administrator': (client) => admin.patch(pathOf(client), { status: 'disabled' }),
      'deleted by an administrator': (client) => elsewhere(admin).delete(pathOf(client)),
      'a new role': (client) => admin.patch(pathOf(client), { role: 'super_admin' }),
      'disabled in SQL': (client) =>
        sql`update users set status = 'disabled' where id = ${client.user?.id ?? ''}`,
      'deleted in SQL': (client) => sql`delete from users where id = ${client.user?.id ?? ''}`,
      'a new role in SQL': (client) =>
        sql`update users set role = 'super_admin' where id = ${client.user?.id ?? ''}`,
      'sessions ended in SQL': (client) =>
        sql`update sessions set ended_at = now() where user_id = ${client.user?.id ?? ''}`,
      'sessions deleted in SQL': (client) =>
        sql`delete from sessions where user_id = ${client.user?.id ?? ''}`,
    }
    const bystander = await signUp()
    for (const [how, end] of Object.entries(ends)) {
      const user = await signUp()
      const other = await signInAgain(user)
      t.strictSame(await statusesOf(user), [200, 200])
      await end(user)
      t.strictSame(await statusesOf(user), [401, 401], how)
      t.strictSame(await statusesOf(other), [401, 401], `${how}: every session ends`)
    }
    t.strictSame(await statusesOf(bystander), [200, 200])

    const promoted = await signUp()
    await admin.patch(pathOf(promoted), { role: 'super_admin' })
    const boss = await signInAgain(promoted)
    t.equal((await elsewhere(boss).get('/users')).status, 200, 'a new session has the new role')
    await admin.patch(pathOf(promoted), { role: 'user' })
    t.strictSame(await statusesOf(boss), [401, 401], 'the session ends with that role')
    t.equal((await (await signInAgain(promoted)).get('/users')).status, 403)

    const returning = await signUp()
    await admin.patch(pathOf(returning), { status: 'disabled' })
    await admin.patch(pathOf(returning), { status: 'active' })
    t.strictSame(
      await statusesOf(returning),
      [401, 401],
      'old sessions stay ended after the account is enabled again',
    )
    t.strictSame(await statusesOf(await signInAgain(returning)), [200, 200])
  },
)

t.test('checks a token without querying the database', async (t) => {
  const alive = await signUp()
  const dead = await signUp()
  await dead.post('/auth/logout')
  await settle()
  await sql.begin(async (tx) => {
    // Every query of these tables now waits until the transaction ends.
    await tx`lock table users, sessions, refresh_tokens, access_revocations in access exclusive mode`
    for (const client of [alive, elsewhere(alive)]) t.equal((await client.get('/users')).status, 403)
    for (const client of [dead, elsewhere(dead)]) t.equal((await client.get('/users')).status, 401)
  })
})

t.test('a process that cannot hear revocations queries the database until it can again', async (t) => {
  const [listeners] = await sql`select count(*)::int from pg_stat_activity
    where application_name = ${`${PRODUCT.name} listener access_revoked`} and datname = current_database()`
  t.equal(listeners?.count, 2)
  const users = await Promise.all([signUp(), signUp(), signUp()])
  const alive = await signUp()
  for (const user of users) {
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name like ${`${PRODUCT.name} listener%`} and datname = current_database()`
    t.equal(
      (await admin.patch(pathOf(user), { status: 'disabled' })).status,
      200,
      'changes are still possible',
    )
    await eventually(async () => {
      const hears = await settle()
      t.strictSame([(await user.get('/me')).status, (await elsewhere(user).get('/me')).status], [401, 401])
      return hears.every(Boolean)
    })
    t.strictSame(await statusesOf(alive), [200, 200])
  }
  await alive.post('/auth/logout')
  t.strictSame(await statusesOf(alive), [401, 401])
})
