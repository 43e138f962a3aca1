import { createPublicKey, verify } from 'node:crypto'
import { generateSigningKeyPem, parseSigningKeys } from '../../src/lib/auth/signing-keys.js'
import { buildTestApp, testSigningKeys } from '../helpers/app.js'
import { connect } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { findMistake } from '../helpers/problems.js'
import { openProxy } from '../helpers/proxy.js'
import { findUnsafe } from '../helpers/safe-headers.js'
import t from '../tap.js'

const signingKeys = [parseSigningKeys(generateSigningKeyPem())[0], ...testSigningKeys] as const
const { app, anonymous, config, database, signUp } = await buildTestApp(t, { signingKeys })

t.test('reports that it is live and ready, and links to the documentation', async (t) => {
  const get = (url: string) => anonymous.request({ method: 'GET', url })
  t.match(await get('/healthz'), { status: 200, text: '{"status":"ok"}' })
  t.match(await get('/readyz'), {
    status: 200,
    body: { status: 'ready', checks: { database: 'ok', migrations: 'ok' } },
  })
  t.match(await get('/'), { status: 302, headers: { location: '/api-docs' } })
  t.match(await get('/api-docs'), { status: 200, headers: { 'content-type': /^text\/html/ } })
})

t.test('serves no documentation and no link to it without API_DOCS', async (t) => {
  const { anonymous } = await buildTestApp(t, {
    database,
    config: { API_DOCS: 'off', FRONTEND_URL: 'https://app.example.com/' },
  })
  const get = (url: string) => anonymous.request({ method: 'GET', url })
  for (const path of ['', '/', '/json', '/yaml', '/static/index.html', '/static/swagger-ui-bundle.js']) {
    const answer = await get(`/api-docs${path}`)
    t.equal(findMistake(answer, { status: 404, code: 'NOT_FOUND' }), undefined, path)
  }
  const page = await get(`/verify-email?token=${'x'.repeat(43)}`)
  t.match(page.text, /This link is no longer valid/)
  t.notMatch(page.text, 'api-docs')
  t.equal((await get('/healthz')).status, 200)

  const home = await get('/?utm_source=mail')
  t.match(home, { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } })
  t.match(home.text, '<a class="button" href="https://app.example.com">')
  t.notMatch(home.text, 'api-docs')
})

t.test('is not ready while a migration is missing, and names it', async (t) => {
  const { anonymous, database } = await buildTestApp(t)
  const sql = connect(t, database.ownerUrl)
  const [row] = await sql`delete from drizzle.migrations where name like '0002%' returning *`
  t.match(await anonymous.request({ method: 'GET', url: '/readyz' }), {
    status: 503,
    body: { status: 'not ready', checks: { database: 'ok', migrations: `pending: ${row?.name}` } },
  })
  await sql`insert into drizzle.migrations ${sql(row ?? {})}`
  await eventually(async () => (await anonymous.request({ method: 'GET', url: '/readyz' })).status === 200)

  const ask = () => anonymous.request({ method: 'GET', url: '/readyz' })
  // Each read of the migrations increments the sequence.
  await sql.unsafe(`create sequence reads; grant all on sequence reads to public;
    alter table drizzle.migrations rename to kept;
    create view drizzle.migrations as select kept.* from drizzle.kept, (select nextval('reads')) as read;
    grant select on drizzle.migrations to public`)
  const reads = async () => Number((await sql`select last_value from reads`)[0]?.last_value)
  await eventually(async () => (await ask()).status === 200 && (await reads()) > 1)
  const before = await reads()
  const answers = await Promise.all(Array.from({ length: 20 }, ask))
  t.strictSame(new Set(answers.map(({ status }) => status)), new Set([200]))
  t.ok((await reads()) - before <= before, 'concurrent requests share one read of the migrations')
})

t.test('is not ready but live without its database, and says so to every client', async (t) => {
  const proxy = await openProxy(t, database.url)
  const { anonymous, signUp } = await buildTestApp(t, { database: { ...database, url: proxy.url } })
  const user = await signUp()
  proxy.close()
  t.match(await anonymous.request({ method: 'GET', url: '/readyz' }), {
    status: 503,
    body: { status: 'not ready', checks: { database: 'unavailable', migrations: 'unavailable' } },
  })
  t.equal((await anonymous.request({ method: 'GET', url: '/healthz' })).status, 200)
  const answer = await user.get('/me')
  t.equal(findMistake(answer, { status: 503, code: 'SERVICE_UNAVAILABLE' }), undefined)
  t.match(answer.headers['retry-after'], /^[1-9]\d*$/)
  t.equal(findUnsafe(answer), undefined)
})

t.test('the published keys verify every live token and are public', async (t) => {
  const { headers, body } = await anonymous.request({ method: 'GET', url: '/.well-known/jwks.json' })
  t.match(headers['cache-control'], /^public, max-age=\d+$/)
  t.equal(body.keys.length, 2)
  for (const key of body.keys) t.strictSame(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x'])

  const { user } = await signUp()
  const [header = '', payload = '', signature = ''] = user?.accessToken.split('.') ?? []
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
  const jwk = body.keys.find((key: { kid: string }) => key.kid === kid)
  const { iat, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString())
  t.equal(exp - iat, config.ACCESS_TOKEN_TTL_SECONDS)
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
  t.ok(verify(null, Buffer.from(`${header}.${payload}`), publicKey, Buffer.from(signature, 'base64url')))
})

t.test('serves files from their folder and from nowhere else', async (t) => {
  const get = (url: string) => anonymous.request({ method: 'GET', url })
  t.match(await get('/static/pages.css'), { status: 200, headers: { 'content-type': /^text\/css/ } })
  const others = ['', '..%2fapp.ts', '%2e%2e%2fapp.ts', '..%5capp.ts', '/etc/passwd', 'pages.css/', 'x']
  for (const path of [...others, '.env', '.git/config', 'pages.css%00.html', '..%2f..%2fpackage.json']) {
    const answer = await get(`/static/${path}`)
    t.equal(findMistake(answer, { status: answer.status }), undefined, path)
    t.match(answer.status, /^40[034]$/, path)
  }
  t.equal((await get('/static')).status, 404)
})

t.test('serves an icon where browsers look for it', async (t) => {
  const { statusCode, headers, rawPayload } = await app.inject({ method: 'GET', url: '/favicon.ico' })
  t.equal(statusCode, 200)
  t.match(headers, {
    'content-type': /^image\/(vnd\.microsoft\.icon|x-icon)$/,
    'cache-control': 'public, max-age=86400',
  })
  t.equal(rawPayload.readUInt16LE(2), 1, 'the type of an icon')
  t.notOk(JSON.stringify(app.swagger()).includes('favicon'), 'the API document does not list it')
  t.match((await app.inject({ method: 'GET', url: '/verify-email' })).payload, 'href="/favicon.ico"')
})

t.test('every answer has the security headers and names no software', async (t) => {
  const user = await signUp()
  const get = (url: string) => user.request({ method: 'GET', url })
  const answers = [
    await get('/api/v1/me'),
    await get('/api/v1/me?surprise=1'),
    await anonymous.get('/me'),
    await get('/api/v1/users'),
    await get('/nothing'),
    await get('/static/nothing'),
    await get('/static/pages.css'),
    await get('/api-docs'),
    await get('/api-docs/static/swagger-ui-bundle.js'),
    await get('/verify-email'),
    await get('/'),
    await user.request({ method: 'TRACE' as 'GET', url: '/api/v1/me' }),
    await user.request({ method: 'OPTIONS', url: '/api/v1/me' }),
    await user.post('/auth/login', { email: 'x' }),
    await user.request({
      method: 'POST',
      url: '/api/v1/auth/login',
      payload: 'x',
      headers: { 'content-type': 'text/plain' },
    }),
    await user.post('/auth/logout'),
  ]
  const statuses = [200, 400, 401, 403, 404, 404, 200, 200, 200, 400, 302, 405, 204, 400, 415, 204]
  t.strictSame(
    answers.map(({ status }) => status),
    statuses,
  )
  for (const answer of answers) t.equal(findUnsafe(answer), undefined, String(answer.status))

  const { anonymous: limited } = await buildTestApp(t, { database, config: { RATE_LIMIT: 'on' } })
  const email = 'ada@example.com'
  await limited.post('/auth/forgot-password', { email })
  const refused = await limited.post('/auth/forgot-password', { email })
  t.equal(findMistake(refused, { status: 429, code: 'RATE_LIMITED' }), undefined)
  t.equal(findUnsafe(refused), undefined, 'a 429 has the headers')

  const other = await signUp()
  const sql = connect(t, database.ownerUrl)
  await sql`alter table users rename to people`
  const failed = await other.get('/me')
  await sql`alter table people rename to users`
  t.equal(findMistake(failed, { status: 500, code: 'INTERNAL_ERROR' }), undefined)
  t.notMatch(failed.text, /users|relation|42P01|select/i)
  t.equal(findUnsafe(failed), undefined)
})

t.test('answers with tokens or profiles are not cacheable', async (t) => {
  const user = await signUp({ role: 'super_admin' })
  const password = 'a long and quiet sentence'
  const answers = [
    await anonymous.post('/auth/login', { email: user.user?.email, password }),
    await anonymous.post('/auth/refresh', { refreshToken: user.user?.refreshToken }),
    await user.get('/me'),
    await user.get('/users'),
    await user.get('/audit-logs'),
  ]
  for (const { status, headers } of answers) {
    t.match({ status, headers }, { status: 200, headers: { 'cache-control': 'no-store' } })
  }
})

t.test('keeps a safe request id and replaces an unsafe one', async (t) => {
  const idFor = async (id: string) =>
    (await anonymous.get('/me', { 'x-request-id': id })).headers['x-request-id']
  for (const id of ['0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60', 'a', 'A-Z_09', 'x'.repeat(64)]) {
    t.equal(await idFor(id), id)
  }
  for (const id of [
    '',
    ' ',
    'x'.repeat(65),
    'a b',
    'a\r\nb',
    'a\u001B[31m',
    '../x',
    '<b>',
    'ä',
    '$x',
    'a,b',
  ]) {
    t.match(await idFor(id), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, JSON.stringify(id))
  }
})

const OWN = 'https://app.example.com'
const FOREIGN = [
  'https://evil.example',
  'null',
  `${OWN}.evil.example`,
  'https://evil-app.example.com',
  'https://evil.app.example.com',
  'http://app.example.com',
  `${OWN}:8443`,
  'https://app.example.com@evil.example',
  '*',
]

t.test('only pages of configured origins can read answers', async (t) => {
  const { anonymous: open } = await buildTestApp(t, { database, config: { CORS_ORIGINS: [OWN] } })
  const headersFor = async (client: typeof open, origin: string, method: 'GET' | 'OPTIONS') => {
    const headers = { origin, 'access-control-request-method': 'PATCH' }
    return (await client.request({ method, url: '/api/v1/me', headers })).headers
  }
  for (const method of ['GET', 'OPTIONS'] as const) {
    const headers = await headersFor(open, OWN, method)
    t.match(headers, { 'access-control-allow-origin': OWN, vary: /origin/i })
    t.notOk('access-control-allow-credentials' in headers)
    t.equal((await headersFor(anonymous, OWN, method))['access-control-allow-origin'], undefined)
    for (const origin of FOREIGN) {
      t.equal((await headersFor(open, origin, method))['access-control-allow-origin'], undefined, origin)
    }
  }
  t.match(await headersFor(open, OWN, 'OPTIONS'), {
    'access-control-allow-methods': /PATCH/,
    'access-control-allow-headers':
      /^(?=.*authorization)(?=.*idempotency-key)(?=.*if-match)(?=.*if-none-match)(?=.*traceparent)(?=.*tracestate)/i,
    'access-control-max-age': /^\d+$/,
  })
  t.match(await headersFor(open, OWN, 'GET'), {
    'access-control-expose-headers': /^(?=.*x-request-id)(?=.*etag)(?=.*idempotency-replayed)(?=.*location)/i,
  })
})
