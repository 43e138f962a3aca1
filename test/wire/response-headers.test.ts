/** All headers of each class of response, as they are on the socket. */
import { buildTestApp } from '../helpers/app.js'
import { buildDashboard } from '../helpers/dashboard.js'
import { oddRoutes } from '../helpers/odd-routes.js'
import { type ExpectedHeaders, findDifference } from '../helpers/response-heads.js'
import { exchangeBytes } from '../helpers/socket.js'
import t, { type Test } from '../tap.js'

const SITE = 'https://site.example'
const HERE = { host: '127.0.0.1', port: 0 }

const { app, admin, browser, database } = await buildDashboard(t, { routes: oddRoutes })
const { app: limitedApp } = await buildTestApp(t, {
  database,
  config: { RATE_LIMIT: 'on', CORS_ORIGINS: [SITE] },
  routes: oddRoutes,
})
await browser.signIn()
const [port, limitedPort] = await Promise.all(
  [app, limitedApp].map(async (each) => Number(new URL(await each.listen(HERE)).port)),
)

/** `own` are the headers beyond those that every response has. */
type Row = [title: string, request: string, status: number, own?: ExpectedHeaders]

const TOKEN = `Authorization: Bearer ${admin.user?.accessToken}`
const COOKIE = `Cookie: ${browser.cookie()}`
const CHUNKED = { 'transfer-encoding': 'chunked' }
const EMPTY = { 'content-length': '0' }
const JSON_BODY = { 'content-type': 'application/json; charset=utf-8', 'content-length': /^\d+$/ }
const PROBLEM = { 'content-type': 'application/problem+json', 'content-length': /^\d+$/ }
const PAGE = { 'content-type': 'text/html; charset=utf-8', 'content-length': /^\d+$/ }
const STATIC = {
  'accept-ranges': 'bytes',
  'cache-control': 'public, max-age=0',
  'content-length': /^\d+$/,
  'content-type': 'text/css; charset=utf-8',
  etag: /^W\/"/,
  'last-modified': /GMT$/,
}
const OWN = { ...JSON_BODY, 'cache-control': 'private', 'x-frame-options': 'SAMEORIGIN' }

/** A request that closes its connection. `lines` are further headers. */
const send = (start: string, lines: readonly string[] = [], body = '') =>
  [`${start} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...lines, '', body].join('\r\n')
const post = (path: string, type: string, body: string) =>
  send(`POST ${path}`, [`Content-Type: ${type}`, `Content-Length: ${body.length}`], body)
const login = (type: string, body: string) => post('/api/v1/auth/login', type, body)

const ROWS: Row[] = [
  ['JSON', send('GET /healthz'), 200, JSON_BODY],
  ['JSON for a user', send('GET /api/v1/me', [TOKEN]), 200, JSON_BODY],
  ['HEAD', send('HEAD /healthz'), 200, JSON_BODY],
  [
    'a request id of the client',
    send('GET /healthz', ['X-Request-Id: mine']),
    200,
    { ...JSON_BODY, 'x-request-id': 'mine' },
  ],
  [
    'a kept connection',
    `GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n${send('GET /healthz')}`,
    200,
    { ...JSON_BODY, connection: 'keep-alive', 'keep-alive': /^timeout=\d+$/ },
  ],
  ['HTTP/1.0', 'GET /healthz HTTP/1.0\r\n\r\n', 200, JSON_BODY],
  ['no content', send('OPTIONS /healthz'), 204, { allow: 'GET, HEAD, OPTIONS' }],
  ['not modified', send('GET /not-modified'), 304, { etag: '"1"' }],
  ['a redirect', send('GET /'), 302, { location: '/api-docs', ...EMPTY }],
  ['headers of the route', send('GET /own'), 200, OWN],
  [
    'cacheable keys',
    send('GET /.well-known/jwks.json'),
    200,
    { ...JSON_BODY, 'cache-control': 'public, max-age=300' },
  ],
  ['a page', send('GET /forgot-password'), 200, PAGE],
  ['a sign-in page', send('GET /admin/sign-in'), 200, { ...PAGE, 'referrer-policy': 'same-origin' }],
  [
    'a page with its own policy',
    send('GET /admin/queues', [COOKIE]),
    200,
    { ...PAGE, 'content-security-policy': /worker-src 'self'/, 'referrer-policy': 'same-origin' },
  ],
  [
    'a mail as a page',
    send('GET /dev/mail/preview/password-changed?part=html'),
    200,
    { ...PAGE, 'content-security-policy': /sandbox/ },
  ],
  ['Swagger UI', send('GET /api-docs'), 200, PAGE],
  ['the document', send('GET /api-docs/json'), 200, JSON_BODY],
  ['an asset', send('GET /static/pages.css'), 200, STATIC],
  ['HEAD of an asset', send('HEAD /static/pages.css'), 200, STATIC],
  [
    'a part of an asset',
    send('GET /static/pages.css', ['Range: bytes=0-3']),
    206,
    { ...STATIC, 'content-range': /^bytes 0-3/ },
  ],
  ['a part beyond an asset', send('GET /static/pages.css', ['Range: bytes=9999999-']), 416, PROBLEM],
  [
    'the icon',
    send('GET /favicon.ico'),
    200,
    { ...STATIC, 'cache-control': 'public, max-age=86400', 'content-type': 'image/vnd.microsoft.icon' },
  ],
  ['a stream', send('GET /stream'), 200, CHUNKED],
  [
    'a stream with headers of the route',
    send('GET /own-stream'),
    200,
    { ...CHUNKED, 'cache-control': 'private' },
  ],
  [
    'an export',
    send('GET /api/v1/audit-logs/export?format=ndjson', [TOKEN]),
    200,
    { ...CHUNKED, 'content-type': 'application/x-ndjson', 'content-disposition': /^attachment/ },
  ],
  [
    'HEAD of an export',
    send('HEAD /api/v1/audit-logs/export?format=csv', [TOKEN]),
    200,
    { 'content-type': /^text\/csv/, 'content-disposition': /^attachment/ },
  ],
  ['a failure before a stream began', send('GET /broken-stream'), 500, PROBLEM],
  [
    'a failure after headers were set',
    send('GET /fails-late'),
    500,
    { ...PROBLEM, 'cache-control': 'private', 'x-part': 'set' },
  ],
  ['an invalid body', login('application/json', '{}'), 400, PROBLEM],
  ['no JSON', login('application/json', '{'), 400, PROBLEM],
  ['no token', send('GET /api/v1/me'), 401, { ...PROBLEM, 'www-authenticate': 'Bearer' }],
  ['an unknown path', send('GET /nothing'), 404, PROBLEM],
  ['an unknown path below assets', send('GET /static/nothing'), 404, PROBLEM],
  [
    'a known path with another method',
    send('DELETE /healthz'),
    405,
    { ...PROBLEM, allow: 'GET, HEAD, OPTIONS' },
  ],
  ['an unknown method', send('BREW /healthz'), 405, { ...PROBLEM, allow: /GET/, date: undefined }],
  ['a body that is too large', login('application/json', ' '.repeat(1_100_000)), 413, PROBLEM],
  ['a media type', login('text/plain', '{}'), 415, PROBLEM],
  ['an overloaded server', send('GET /overloaded'), 503, { ...PROBLEM, 'retry-after': '1' }],
  ['an unreadable URL', send('GET /%zz'), 400, PROBLEM],
  ['no host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400, PROBLEM],
  ['no HTTP', 'nonsense\r\n\r\n', 400, { ...PROBLEM, date: undefined }],
  [
    'headers that are too large',
    send('GET /healthz', [`X-Large: ${'x'.repeat(20_000)}`]),
    431,
    { ...PROBLEM, date: undefined },
  ],
  [
    'an expectation',
    login('application/json', '{}').replace('Host', 'Expect: 100-continue\r\nHost'),
    400,
    PROBLEM,
  ],
  ['another expectation', send('GET /healthz', ['Expect: the-unexpected']), 200, JSON_BODY],
]

const BY_HAND = { ...EMPTY, 'cache-control': 'private', 'x-request-id': undefined }

/** Written to Node's response, past Fastify's. */
const HIJACKED_ROWS: Row[] = [
  ['an object of headers', send('GET /hijacked'), 200, BY_HAND],
  ['a list of headers', send('GET /hijacked-list'), 200, BY_HAND],
  ['pairs of headers', send('GET /hijacked-pairs'), 200, BY_HAND],
  ['headers set before', send('GET /hijacked-early'), 200, BY_HAND],
  ['no headers', send('GET /hijacked-bare'), 200, { ...EMPTY, 'x-request-id': undefined }],
]

const CORS = { 'access-control-expose-headers': /x-request-id/, vary: 'Origin' }
const CROSS_ORIGIN = { ...CORS, 'access-control-allow-origin': SITE }
const LIMITS = { ratelimit: /^"/, 'ratelimit-policy': /^"/ }
const PREFLIGHT = ['Access-Control-Request-Method: GET', `Origin: ${SITE}`]
const REFUSED = { ...PROBLEM, ...LIMITS, 'retry-after': /^\d+$/ }

/** Of the app with limits and another site that may read its responses. */
const LIMITED_ROWS: Row[] = [
  ['within a limit', send('GET /limited'), 200, { ...JSON_BODY, ...LIMITS, ...CORS }],
  ['beyond a limit', send('GET /limited', [`Origin: ${SITE}`]), 429, { ...REFUSED, ...CROSS_ORIGIN }],
  ['another site', send('GET /healthz', [`Origin: ${SITE}`]), 200, { ...JSON_BODY, ...CROSS_ORIGIN }],
  ['a foreign site', send('GET /healthz', ['Origin: https://evil.example']), 200, { ...JSON_BODY, ...CORS }],
  [
    'a preflight',
    send('OPTIONS /healthz', PREFLIGHT),
    204,
    {
      ...CROSS_ORIGIN,
      ...LIMITS,
      allow: /GET/,
      'access-control-allow-methods': /GET/,
      'access-control-allow-headers': /authorization/,
      'access-control-max-age': '600',
    },
  ],
  ['an unreadable URL', send('GET /%zz', [`Origin: ${SITE}`]), 400, { ...PROBLEM, ...CROSS_ORIGIN }],
  ['no HTTP', 'nonsense\r\n\r\n', 400, { ...PROBLEM, date: undefined, vary: 'Origin' }],
]

const sends = async (t: Test, rows: readonly Row[], port = 0) => {
  for (const [title, request, status, own] of rows)
    t.equal(findDifference(await exchangeBytes(port, [request]), status, own), undefined, title)
}

t.test('sends the headers of each class of response, each once', (t) => sends(t, ROWS, port))
t.test('sends those of hijacked replies', (t) => sends(t, HIJACKED_ROWS, port))
t.test('sends them with limits and CORS', (t) => sends(t, LIMITED_ROWS, limitedPort))

t.test('sends them through `inject`', async (t) => {
  const injected: [url: string, status: number, own: ExpectedHeaders][] = [
    ['/healthz', 200, JSON_BODY],
    ['/own', 200, OWN],
    ['/own-stream', 200, { ...CHUNKED, 'cache-control': 'private' }],
    ['/nothing', 404, PROBLEM],
    ['/%zz', 400, PROBLEM],
  ]
  for (const [url, status, own] of injected) {
    const { statusCode, headers } = await app.inject(url)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    const head = [`HTTP/1.1 ${statusCode} `, ...lines].join('\r\n')
    t.equal(findDifference(head, status, { ...own, connection: 'keep-alive' }), undefined, url)
  }
})
