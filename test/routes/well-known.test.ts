import { buildTestApp } from '../helpers/app.js'
import t from '../tap.js'

t.test('well-known addresses lead to the security contact and the password change', async (t) => {
  const { anonymous } = await buildTestApp(t)
  const get = (url: string) => anonymous.request({ method: 'GET', url })
  t.equal((await get('/.well-known/security.txt')).status, 404)
  const form = await get('/.well-known/change-password')
  t.match(form, { status: 302, headers: { location: '/forgot-password' } })
  t.equal((await get(form.headers.location ?? '')).status, 200)

  const SECURITY_CONTACT = ['mailto:security@example.com', 'https://example.com/security']
  const CHANGE_PASSWORD_URL = 'https://app.example.com/password'
  const { anonymous: other } = await buildTestApp(t, { config: { SECURITY_CONTACT, CHANGE_PASSWORD_URL } })
  const { headers, text } = await other.request({ url: '/.well-known/security.txt' })
  t.equal(headers['content-type'], 'text/plain; charset=utf-8')
  const [, expires = ''] = /^Expires: (\S+)$/m.exec(text) ?? []
  t.ok(
    new Date(expires) > new Date() && Date.parse(expires) < Date.now() + 365 * 86_400_000,
    'expires within a year (RFC 9116, 2.5.5)',
  )
  for (const contact of SECURITY_CONTACT) t.match(text, `Contact: ${contact}\n`)
  t.match(text, /^Canonical: http:\/\/localhost:3000\/\.well-known\/security\.txt$/m)
  const change = await other.request({ url: '/.well-known/change-password' })
  t.match(change, { status: 302, headers: { location: CHANGE_PASSWORD_URL } })
})
