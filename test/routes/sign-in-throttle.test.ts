import { FREE_FAILURES } from '../../src/db/queries/accounts/sign-in-throttle.js'
import { purge } from '../../src/db/queries/retention/purge.js'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import type { Answer, Client } from '../helpers/client.js'
import { connect, type TestDatabase } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { startOnboarding } from '../helpers/onboarding.js'
import t, { type Test } from '../tap.js'

const NOBODY = 'nobody@example.com'
const WRONG = 'not the password at all'

const logIn = (client: Client, email: string, password = WRONG, headers = {}) =>
  client.post('/auth/login', { email, password }, headers)

const times = <T>(count: number, work: (i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => work(i)))

async function fail(client: Client, email: string, count = FREE_FAILURES): Promise<void> {
  for (let i = 0; i < count; i += 1) await logIn(client, email)
}

const statusesOf = (answers: readonly Answer[]): Record<number, number> => {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

/** The parts of an answer that an attacker can compare, without the remaining seconds. */
const shapeOf = ({ status, headers, body }: Answer) => ({
  status,
  body: { ...body, requestId: '' },
  headers: Object.keys(headers).sort(),
})

function throttles(t: Test, { ownerUrl }: TestDatabase) {
  const sql = connect(t, ownerUrl)
  return {
    clear: () => sql`delete from sign_in_throttles`,
    read: () => sql`select encode(address_hash, 'hex') as hash, failures, last_failure_at, blocked_until
      from sign_in_throttles order by address_hash`,
    longestWait: async () => {
      const [row] =
        await sql`select max(extract(epoch from blocked_until - last_failure_at))::float8 as seconds
        from sign_in_throttles`
      return row?.seconds
    },
    endWaits: () => sql`update sign_in_throttles set blocked_until = now() - interval '1 millisecond'`,
    letADayPass: () => sql`update sign_in_throttles set blocked_until = blocked_until - interval '24 hours',
      last_failure_at = last_failure_at - interval '24 hours'`,
    /** Waits in real time until no wait is left. */
    waitsAreOver: () =>
      eventually(
        async () => (await sql`select from sign_in_throttles where blocked_until > now()`).length === 0,
      ),
    notices: () => sql`select payload from outbox where payload->>'mail' = 'sign-in-blocked'`,
  }
}

const { app, anonymous, signUp, database } = await buildTestApp(t, {
  config: { TRUST_PROXY: ['127.0.0.1'] },
})
const { clear, read, endWaits, letADayPass, longestWait, waitsAreOver } = throttles(t, database)

// Tests read the whole table.
t.beforeEach(clear)

t.test('a wrong password reveals neither whether an account exists nor its state', async (t) => {
  const sql = connect(t, database.ownerUrl)
  const emails = {
    active: 'active@example.com',
    pending: 'pending@x.example',
    disabled: 'disabled@x.example',
  }
  for (const email of Object.values(emails)) await signUp({ email })
  for (const status of ['pending', 'disabled'] as const) {
    await sql`update users set status = ${status} where email = ${emails[status]}`
  }
  await sql`insert into users (email, first_name, last_name) values ('invited@example.com', 'No', 'Password')`

  const verified: string[] = []
  const { verify } = app.passwords
  t.teardown(() => {
    app.passwords.verify = verify
  })
  app.passwords.verify = (attempt) => {
    verified.push(typeof attempt.passwordHash)
    return verify(attempt)
  }
  const wrong = [NOBODY, ...Object.values(emails), 'invited@example.com']
  const answers = []
  for (const email of wrong) answers.push(shapeOf(await logIn(anonymous, email)))
  t.match(answers[0], { status: 401, body: { code: 'INVALID_CREDENTIALS' } })
  for (const answer of answers) t.strictSame(answer, answers[0])
  t.strictSame(
    verified,
    ['undefined', 'string', 'string', 'string', 'object'],
    'a password is verified for each',
  )

  t.match(await logIn(anonymous, emails.pending, PASSWORD), { body: { code: 'EMAIL_NOT_VERIFIED' } })
  t.match(await logIn(anonymous, emails.disabled, PASSWORD), { body: { code: 'ACCOUNT_DISABLED' } })
})

t.test('five wrong passwords delay every further one, also for an address without an account', async (t) => {
  const email = String((await signUp()).user?.email)
  const spellings = [email, email.toUpperCase(), email.replace(/^./, (letter) => letter.toUpperCase())]
  const answers: Answer[] = []
  for (const address of [email, NOBODY]) {
    for (let i = 0; i < FREE_FAILURES; i += 1) {
      const spelling = address === email ? String(spellings[i % 3]) : address
      answers.push(await logIn(anonymous, spelling, WRONG, { 'x-forwarded-for': `192.0.2.${i}` }))
    }
  }
  t.strictSame(statusesOf(answers), { 401: 2 * FREE_FAILURES })

  const before = await read()
  const waiting = []
  for (const [address, password] of [
    [email, PASSWORD],
    [email, WRONG],
    [email.toUpperCase(), WRONG],
    [NOBODY, WRONG],
  ] as const) {
    waiting.push(await logIn(anonymous, address, password, { 'x-forwarded-for': '192.0.2.99' }))
  }
  t.match(waiting[0], { status: 429, body: { code: 'TOO_MANY_ATTEMPTS' } })
  for (const answer of waiting) {
    t.strictSame(shapeOf(answer), shapeOf(waiting[0] as Answer))
    t.match(answer.headers['retry-after'], /^([1-9]|[12]\d|30)$/)
  }
  t.strictSame(await read(), before, 'attempts during a wait neither count nor prolong it')
  t.equal((await logIn(anonymous, ` ${email}`)).status, 400, 'spaces do not make another address')
  t.notOk(JSON.stringify(before).includes('example'), 'the table contains no addresses')
})

t.test('a caller who waits as long as required succeeds and gets all free failures back', async (t) => {
  const { anonymous } = await buildTestApp(t, { database, config: { SIGN_IN_WAIT_SECONDS: 2 } })
  const email = String((await signUp()).user?.email)
  await fail(anonymous, email)
  const [throttle] = await read()
  const blocked = await logIn(anonymous, email, PASSWORD)
  t.equal(blocked.status, 429)
  const announcedEnd = Date.now() + Number(blocked.headers['retry-after']) * 1000
  t.ok(announcedEnd >= throttle?.blocked_until.getTime())
  await waitsAreOver()
  t.equal((await logIn(anonymous, email, PASSWORD)).status, 200)
  t.equal((await read()).length, 0, 'a success removes the failures')
  await fail(anonymous, email, FREE_FAILURES - 1)
  t.equal((await logIn(anonymous, email, PASSWORD)).status, 200)
})

t.test(
  'each further failure doubles the wait up to a quarter of an hour, and a day without one resets it',
  async (t) => {
    await fail(anonymous, NOBODY)
    const waits: number[] = []
    for (let i = 0; i < 7; i += 1) {
      const blocked = await logIn(anonymous, NOBODY)
      t.equal(blocked.status, 429)
      waits.push(await longestWait())
      await endWaits()
      t.equal((await logIn(anonymous, NOBODY)).status, 401)
    }
    t.strictSame(waits, [30, 60, 120, 240, 480, 900, 900])
    await letADayPass()
    const answers = []
    for (let i = 0; i <= FREE_FAILURES; i += 1) answers.push(await logIn(anonymous, NOBODY))
    t.strictSame(statusesOf(answers), { 401: FREE_FAILURES, 429: 1 })
    t.equal(await longestWait(), 30)
  },
)

t.test('checks five of 200 wrong passwords at once, and all of 20 right ones', async (t) => {
  const email = String((await signUp()).user?.email)
  t.strictSame(statusesOf(await times(20, () => logIn(anonymous, email, PASSWORD))), { 200: 20 })
  t.equal((await read()).length, 0)
  for (const address of [email, NOBODY]) {
    const answers = await times(200, () => logIn(anonymous, address))
    t.strictSame(statusesOf(answers), { 401: FREE_FAILURES, 429: 200 - FREE_FAILURES })
  }
})

t.test('two processes count together, and a restart forgets nothing', async (t) => {
  const second = await buildTestApp(t, { database })
  const email = String((await signUp()).user?.email)
  const answers = await times(40, (i) => logIn(i % 2 ? anonymous : second.anonymous, email))
  t.strictSame(statusesOf(answers), { 401: FREE_FAILURES, 429: 40 - FREE_FAILURES })
  await second.app.close()
  const restarted = await buildTestApp(t, { database })
  t.equal((await logIn(restarted.anonymous, email, PASSWORD)).status, 429)
})

t.test('locks no one out: the owner is notified once, and a reset by mail ends the wait', async (t) => {
  const { anonymous, signUp, mailbox, nextToken, database } = await startOnboarding(t)
  const { endWaits, notices } = throttles(t, database)
  const owner = await signUp()
  const email = String(owner.user?.email)
  await times(100, () => logIn(anonymous, email))
  await endWaits()
  await fail(anonymous, email, 2)
  await fail(anonymous, NOBODY, 7)
  const ofOwner = { payload: { mail: 'sign-in-blocked', userId: owner.user?.id } }
  const sent = await notices()
  t.equal(sent.length, 2, 'an unknown address causes the same work')
  t.strictSame(
    sent.filter(({ payload }) => payload.userId === owner.user?.id),
    [ofOwner],
  )
  t.match(await mailbox.next(email), { subject: /wrong passwords/ })

  t.equal((await logIn(anonymous, email, PASSWORD)).status, 429)
  await anonymous.post('/auth/forgot-password', { email })
  const newPassword = 'another quiet sentence'
  await anonymous.post('/auth/reset-password', { token: await nextToken(email), password: newPassword })
  t.equal((await logIn(anonymous, email, newPassword)).status, 200)
  t.strictSame(
    [...new Set(mailbox.all.flatMap(({ recipients }) => recipients))],
    [email],
    'only the owner gets mails',
  )
})

t.test('removes expired failures from the table', async (t) => {
  await fail(anonymous, NOBODY, 1)
  await letADayPass()
  await fail(anonymous, 'somebody.else@example.com', 1)
  await purge(app.db, 'signInThrottles')
  t.equal((await read()).length, 1)
})
