import Fastify from 'fastify'
import rateLimit from '../../src/plugins/infra/rate-limit.js'
import type { RateLimit, RateLimits } from '../../src/rate-limit/policies.js'
import { buildTestApp, PASSWORD, type TestAppOptions } from '../helpers/app.js'
import { createTestDatabase } from '../helpers/database.js'
import { registerGround } from '../helpers/ground.js'
import { findMistake } from '../helpers/problems.js'
import t, { type Test } from '../tap.js'

const database = await createTestDatabase(t)

const limited = (t: Test, config: TestAppOptions['config'] = {}) =>
  buildTestApp(t, { database, config: { RATE_LIMIT: 'on', ...config } })

const EMAIL = 'nobody@example.com'
const LOGIN = { email: EMAIL, password: 'not the password at all' }

t.test(
  'sign-in admits ten requests per minute and address, with headers, then answers 429 with Retry-After',
  async (t) => {
    const { app, anonymous } = await limited(t)
    const statuses: number[] = []
    for (let left = 9; left >= 0; left -= 1) {
      // Many accounts, so that only the limit of the address applies and not the wait of an
      // account.
      const answer = await anonymous.post('/auth/login', { ...LOGIN, email: `${left}-${EMAIL}` })
      statuses.push(answer.status)
      t.equal(answer.headers['ratelimit-policy'], '"login";q=10;w=60')
      t.match(answer.headers.ratelimit, new RegExp(`^"login";r=${left};t=(60|59|58)$`))
    }
    t.strictSame(statuses, Array(10).fill(401))
    const refused = await anonymous.post('/auth/login', LOGIN)
    t.equal(findMistake(refused, { status: 429, code: 'RATE_LIMITED' }), undefined)
    t.match(refused.headers['retry-after'], /^([1-5]\d|60)$/)
    t.equal(refused.headers.ratelimit, `"login";r=0;t=${refused.headers['retry-after']}`)
    const form = await app.inject({
      method: 'POST',
      url: '/admin/sign-in',
      headers: { 'sec-fetch-site': 'same-origin' },
      payload: {},
    })
    t.equal(form.statusCode, 429, 'the sign-in of the dashboard shares the limit')
    t.equal((await anonymous.post('/auth/refresh', { refreshToken: 'x'.repeat(43) })).status, 401)
  },
)

t.test('admits exactly N of 100 concurrent callers', async (t) => {
  const { anonymous } = await limited(t)
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => anonymous.post('/auth/verify-email', { token: 'x'.repeat(43) })),
  )
  t.equal(answers.filter(({ status }) => status === 400).length, 20)
  t.equal(answers.filter(({ status }) => status === 429).length, 80)
})

t.test('accepts one request for a mail per mailbox in 30 seconds, with or without an account', async (t) => {
  const { anonymous, signUp } = await limited(t)
  const { user } = await signUp()
  for (const email of [user?.email ?? '', EMAIL]) {
    const first = await anonymous.post('/auth/forgot-password', { email })
    t.match(first, {
      status: 202,
      headers: {
        'ratelimit-policy': '"forgot-password";q=1;w=30, "forgot-password-address";q=10;w=60',
        ratelimit: /^"forgot-password";r=0;t=30, "forgot-password-address";r=[89];t=(60|59|58)$/,
      },
    })
    const again = await anonymous.post('/auth/forgot-password', { email: email.toUpperCase() })
    t.match(again, { status: 429, headers: { 'retry-after': /^(30|29|28)$/ } })
  }
  const third = await anonymous.post('/auth/forgot-password', { email: 'other@example.com' })
  t.match(third.headers.ratelimit, /"forgot-password-address";r=7;/, 'refused requests do not count')
})

t.test('a request that fails before its key is known counts for the address', async (t) => {
  const { app } = await limited(t)
  const send = () =>
    app.inject({
      method: 'POST',
      url: '/api/v1/auth/forgot-password',
      headers: { 'content-type': 'application/json' },
      payload: '{',
    })
  const first = await send()
  t.match(first, { statusCode: 400, headers: { ratelimit: /^"forgot-password";r=0/ } })
  t.equal((await send()).statusCode, 429)
})

t.test('counts users by account and others by address, unknown paths and refusals included', async (t) => {
  const { anonymous, signUp } = await limited(t)
  const [ada, grace] = [await signUp(), await signUp()]
  const leftOf = (answer: { headers: Record<string, string> }) =>
    Number(/^"default";r=(\d+);/.exec(answer.headers.ratelimit ?? '')?.[1])
  t.equal(leftOf(await ada.get('/me')), 299)
  t.equal(leftOf(await ada.get('/me/sessions')), 298)
  t.equal(leftOf(await grace.get('/me')), 299)
  t.equal(leftOf(await anonymous.get('/me')), 299, 'a 401 counts')
  t.equal(leftOf(await anonymous.get('/nothing')), 298, 'a 404 counts')
  t.equal(leftOf(await ada.get('/users')), 297, 'a 403 counts')
  for (let i = 0; i < 298; i += 1) await anonymous.get('/nothing')
  t.match(await anonymous.get('/nothing'), { status: 429 })
  t.match(await anonymous.get('/me'), { status: 429 })
  t.match(await ada.get('/me'), { status: 200 })
  for (const url of ['/healthz', '/readyz']) {
    const { status, headers } = await anonymous.request({ method: 'GET', url })
    t.strictSame([status, headers.ratelimit], [200, undefined])
  }
})

t.test(
  'answers twenty of a thousand guesses of a mailed token, all alike, and refuses the rest',
  async (t) => {
    const { anonymous } = await limited(t)
    const answers: string[] = []
    for (let i = 0; i < 1000; i += 1) {
      const { status, body } = await anonymous.post('/auth/verify-email', {
        token: String(i).padStart(43, 'x'),
      })
      answers.push(JSON.stringify([status, { ...body, requestId: '' }]))
    }
    t.equal(
      answers.slice(0, 20).every((answer) => answer === answers[0]),
      true,
    )
    t.match(answers[0], /^\[400,.*INVALID_TOKEN/)
    t.equal(
      answers.slice(20).every((answer) => answer === answers[20]),
      true,
    )
    t.match(answers[20], /^\[429,.*RATE_LIMITED/)
  },
)

t.test('the right password clears the failures of an account, and not those of an address', async (t) => {
  const { anonymous, signUp } = await limited(t)
  const { user } = await signUp()
  const logIn = (password: string) => anonymous.post('/auth/login', { email: user?.email ?? '', password })
  const statuses: number[] = []
  for (const password of [
    LOGIN.password,
    LOGIN.password,
    PASSWORD,
    ...Array(4).fill(LOGIN.password),
    PASSWORD,
  ]) {
    statuses.push((await logIn(password)).status)
  }
  t.strictSame(
    statuses,
    [401, 401, 200, 401, 401, 401, 401, 200],
    'the right password resets the count of failures',
  )
  t.match(
    (await logIn(PASSWORD)).headers.ratelimit,
    /^"login";r=0;/,
    'all ten requests count for the address',
  )
  t.match(await logIn(PASSWORD), { status: 429, body: { code: 'RATE_LIMITED' } })
})

t.test('no header makes another client unless a trusted proxy sends it', async (t) => {
  const open = await limited(t)
  const behindProxy = await limited(t, { TRUST_PROXY: ['127.0.0.1'] })
  const left = async ({ app }: typeof open, forwardedFor: string) => {
    const answer = await app.inject({ url: '/nothing', headers: { 'x-forwarded-for': forwardedFor } })
    return /r=(\d+)/.exec(String(answer.headers.ratelimit))?.[1]
  }
  t.strictSame([await left(open, '192.0.2.1'), await left(open, '192.0.2.2')], ['299', '298'])
  t.equal(await left(behindProxy, '192.0.2.1'), '299')
  t.equal(await left(behindProxy, '192.0.2.2'), '299')
  t.equal(
    await left(behindProxy, '192.0.2.99, 192.0.2.1'),
    '298',
    'the part of the header written by the client is ignored',
  )
  t.equal(await left(behindProxy, '::ffff:192.0.2.1'), '297')
  t.equal(await left(behindProxy, '2001:db8::1'), '299')
  t.equal(await left(behindProxy, '2001:db8::ffff:1'), '298', 'an IPv6 network is one client')
})

t.test('operations document their limits from the declaration, and where limits are lifted', async (t) => {
  for (const RATE_LIMIT of ['on', 'off'] as const) {
    const { app } = await limited(t, { RATE_LIMIT })
    const { paths } = app.swagger() as unknown as { paths: Record<string, Record<string, object>> }
    t.match(paths['/api/v1/auth/login']?.post, {
      'x-rate-limit': [
        { name: 'login', limit: 10, windowSeconds: 60, key: 'address', strategy: 'moving-window' },
      ],
      responses: {
        200: { headers: { ratelimit: {}, 'ratelimit-policy': {} } },
        429: { headers: { ratelimit: {}, 'retry-after': {} } },
      },
    })
    t.notMatch(paths['/healthz']?.get, { 'x-rate-limit': [] })
  }
})

t.test('counts the decisions of each limit in metrics', async (t) => {
  const { app, anonymous } = await limited(t)
  t.match(app.rateLimitStats(), { decided: 0, refused: { default: 0, 'mailed-token': 0 }, localKeys: 0 })
  const ask = (email: string) => anonymous.post('/auth/forgot-password', { email })
  await ask('a@example.com')
  await ask('a@example.com')
  for (let i = 0; i < 10; i += 1) await ask(`${i}@example.com`)
  t.match(app.rateLimitStats(), {
    storage: 'memory',
    isDegraded: false,
    decided: 12,
    decidedHere: 0,
    refused: { 'forgot-password': 1, 'forgot-password-address': 1, login: 0 },
    localKeys: 11,
  })
})

/** An app with the rate limits of the application and nothing else. */
async function bareApp(t: Test, isOn: boolean) {
  const app = Fastify()
  t.teardown(() => app.close())
  await registerGround(app)
  await app.register(rateLimit, { isOn, redisUrl: undefined, keyPrefix: '' })
  return (url: string, rateLimits: RateLimits) => app.get(url, { config: { rateLimits } }, async () => '')
}

t.test('a wrong declaration fails the boot with the name of its route, limits on or off', async (t) => {
  for (const isOn of [true, false]) {
    const route = await bareApp(t, isOn)
    t.throws(() => route('/x', '5/fortnight'), {
      message: /^The rate limits of GET \/x: "5\/fortnight" is not a limit such as 5\/minute/,
    })
  }
})

t.test('one name is one counter: different limits under it fail the boot with both routes', async (t) => {
  const route = await bareApp(t, true)
  const [x, y] = (['x', 'y'] as const).map((name): RateLimit => ({ name, limit: '5/minute', key: 'address' }))
  route('/a', [x, y] as RateLimit[])
  route('/b', [x, y] as RateLimit[])
  for (const other of [
    [{ ...x, limit: '6/minute' }, y],
    [{ ...x, limit: '5 per 30 seconds' }, y],
    [{ ...x, key: 'user' }, y],
    [{ ...x, strategy: 'fixed-window' }, y],
    // A single policy would be counted under another key, because all keys of a request are stored
    // together.
    [x],
    [y, x],
  ] as RateLimit[][]) {
    t.throws(() => route('/c', other), {
      message: /^The rate limits of GET \/c: "[xy]" has other limits at GET \/[ab]: use the same limits, or/,
    })
  }
  t.throws(() => route('/c', { ...x, name: 'default' } as RateLimit), /"default" has other limits at any \//)
})
