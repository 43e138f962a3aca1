import t from 'tap'
import { buildTestApp } from '../helpers/app.js'

t.test('an IPv6 client who takes another network for each request is refused by the wider one', async (t) => {
  const { app } = await buildTestApp(t, { config: { RATE_LIMIT: 'on', TRUST_PROXY: ['127.0.0.1'] } })
  const request = (from: string) =>
    app.inject({
      method: 'POST',
      url: '/api/v1/auth/verify-email',
      headers: { 'x-forwarded-for': from },
      payload: { token: 'x'.repeat(43) },
    })
  /** As many as a /56 may send, each from a /64 of its own. */
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
  for (const other of ['b', 'c']) t.strictSame(await flood(other), new Set([400]), 'a /56 of its own')
  t.strictSame(await flood('d'), new Set([400]))
  t.equal((await request('2001:db8:1:e00::1')).statusCode, 429, 'the /48 has sent 320')
  t.match((await request('2001:db8:2:a00::1')).headers.ratelimit, '"mailed-token";r=19;t=60')
  t.equal((await request('192.0.2.1')).statusCode, 400)
})
