/**
 * Requests that another site can make a browser send, with the user's cookies (OWASP ASVS 5.0,
 * 3.5.1).
 */

import { buildDashboard } from '../helpers/dashboard.js'
import { connect } from '../helpers/database.js'
import { moved } from '../helpers/moved.js'
import { operationsOf } from '../helpers/operations.js'
import t from '../tap.js'

const { app, admin, browser, database, anonymous } = await buildDashboard(t)
const sql = connect(t, database.ownerUrl)
await browser.signIn()
const cookie = browser.cookie()

const writing = operationsOf(app).filter(({ method }) => method !== 'GET')

/**
 * Bodies that a page may send to another site without a preflight (CORS-safelisted content types of
 * the Fetch standard).
 */
const BODIES = {
  'text/plain': '{}',
  'text/plain;charset=UTF-8': '{}',
  'application/x-www-form-urlencoded': 'email=a%40b.example',
  'multipart/form-data; boundary=x': '--x\r\n\r\n--x--',
}
const ORIGINS = ['https://evil.example', 'null']

const entries = async () => (await moved(sql)`select count(*)::int as n from audit.audit_log`)[0]?.n

t.test('the dashboard cookie gives no access to the API', async (t) => {
  t.match(cookie, /^\S+=\S+$/)
  const headers = { cookie, 'sec-fetch-site': 'same-origin' }
  t.equal((await anonymous.request({ method: 'GET', url: '/api/v1/me', headers })).status, 401)
  const before = await entries()
  for (const { method, url, name, isPublic } of writing) {
    const json = { ...headers, 'content-type': 'application/json' }
    const { status } = await anonymous.request({ method, url, headers: json, payload: '{}' })
    t.equal(status, isPublic ? 400 : 401, name)
  }
  t.equal(await entries(), before)
})

t.test('simple requests from another site change nothing, with a cookie and even with a token', async (t) => {
  const before = await entries()
  for (const { method, url, name, isPublic } of writing) {
    for (const [type, payload] of Object.entries(BODIES)) {
      for (const origin of ORIGINS) {
        const headers = { cookie, origin, 'sec-fetch-site': 'cross-site', 'content-type': type }
        const forged = await anonymous.request({ method, url, headers, payload })
        t.equal(forged.status, isPublic ? 415 : 401, `${name} ${type}`)
        const withToken = await admin.request({ method, url, headers, payload })
        t.equal(withToken.status, 415, `${name} ${type}, with a token`)
        for (const { headers } of [forged, withToken])
          t.notOk(Object.keys(headers).some((header) => header.startsWith('access-control-')))
      }
    }
  }
  t.equal(await entries(), before)
})

t.test('a preflight from another site is not allowed', async (t) => {
  for (const { method, url, name } of writing) {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': method }
    const answer = await anonymous.request({ method: 'OPTIONS', url, headers })
    t.notOk(
      Object.keys(answer.headers).some((header) => header.startsWith('access-control-')),
      name,
    )
  }
})
