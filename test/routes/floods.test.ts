import { anonymousCaller } from '../../src/lib/auth/passwords.js'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import t from '../tap.js'

t.test(
  'an IPv6 client that changes its network for each request is refused by the wider network',
  async (t) => {
    const { app } = await buildTestApp(t, { config: { RATE_LIMIT: 'on', TRUST_PROXY: ['127.0.0.1'] } })
    const request = (from: string) =>
      app.inject({
        method: 'POST',
        url: '/api/v1/auth/verify-email',
        headers: { 'x-forwarded-for': from },
        payload: { token: 'x'.repeat(43) },
      })
    /** As many requests as a /56 may send, each from another /64. */
    const flood = async (third: string, most = 80) => {
      const hosts = Array.from({ length: most }, (_, i) => i.toString(16).padStart(2, '0'))
      const answers = await Promise.all(hosts.map((host) => request(`2001:db8:1:${third}${host}::1`)))
      return new Set(answers.map(({ statusCode }) => statusCode))
    }
    t.strictSame(await flood('a'), new Set([400]))
    const refused = await request('2001:db8:1:aff::1')
    t.equal(refused.statusCode, 429)
    t.equal(refused.headers['ratelimit-policy'], '"mailed-token";q=20;w=60')
    t.match(refused.headers.ratelimit, `"mailed-token";r=0;t=${refused.headers['retry-after']}`)
    for (const other of ['b', 'c'])
      t.strictSame(await flood(other), new Set([400]), 'another /56 has a separate quota')
    t.strictSame(await flood('d'), new Set([400]))
    t.equal((await request('2001:db8:1:e00::1')).statusCode, 429, 'the /48 has used its quota of 320')
    t.match((await request('2001:db8:2:a00::1')).headers.ratelimit, '"mailed-token";r=19;t=60')
    t.equal((await request('192.0.2.1')).statusCode, 400)
  },
)

t.test('a flood of sign-ins delays neither owners on a known device nor signed-in users', async (t) => {
  const { app, signUp } = await buildTestApp(t, { config: { TRUST_PROXY: ['127.0.0.1'] } })
  const owner = await signUp()
  const email = String(owner.user?.email)
  const signIn = async (from: string, address = email) => {
    const { statusCode } = await app.inject({
      method: 'POST',
      url: '/api/v1/auth/login',
      headers: { 'x-forwarded-for': from },
      payload: { email: address, password: PASSWORD },
    })
    return statusCode
  }
  t.equal(await signIn('192.0.2.7'), 200)
  t.equal(await signIn('2001:db8:1:2::7'), 200)

  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const before = async () => {
    await held
    throw new Error('not hashed')
  }
  // Fills all slots and the whole queue, each time from another unknown network.
  const flood = Array.from({ length: 252 }, (_, i) => {
    const caller = anonymousCaller(`10.${i}.0.1`)
    return app.passwords
      .verify({ passwordHash: null, password: PASSWORD, caller, before })
      .catch(() => 'ended')
  })
  t.equal(await signIn('203.0.113.1'), 503, 'an owner on a new device is refused like a stranger')
  t.equal(await signIn('192.0.2.7', 'stranger@example.com'), 503, 'a device is known only to its account')
  const change = { currentPassword: PASSWORD, newPassword: 'another quiet sentence' }
  const served = [
    signIn('192.0.2.7'),
    signIn('2001:db8:1:2:ffff::1'),
    owner
      .post('/me/change-email', { email: 'new@example.com', password: PASSWORD })
      .then(({ status }) => status),
  ]
  for (const answer of await Promise.all([...served.map((each) => Promise.race([each, 'waits']))])) {
    t.equal(answer, 'waits')
  }
  release()
  t.strictSame(await Promise.all(served), [200, 200, 202])
  await Promise.all(flood)
  t.equal((await owner.post('/me/change-password', change)).status, 204)
  t.equal(await signIn('203.0.113.1'), 401, 'a new device is served again after the flood')
})
