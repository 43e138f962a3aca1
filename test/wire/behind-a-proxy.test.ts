/** A proxy in front determines the client's address and the path prefix of every URL. */
import { pino } from 'pino'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import { createBrowser } from '../helpers/dashboard.js'
import { connect } from '../helpers/database.js'
import { mailToken } from '../helpers/mailed-token.js'
import { operationsOf, sampleOf } from '../helpers/operations.js'
import { exchange } from '../helpers/socket.js'
import t from '../tap.js'

const ORIGIN = 'https://app.example.com'
const lines: { url?: string; ip?: string }[] = []
const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) })

const { app, anonymous, signUp, database } = await buildTestApp(t, {
  config: {
    RATE_LIMIT: 'on',
    TRUST_PROXY: ['127.0.0.1'],
    PUBLIC_URL: 'https://api.example.com/base/',
    DATA_DIR: t.testdir(),
    CORS_ORIGINS: [ORIGIN, 'https://other.example.com'],
  },
  logger,
})
const sql = connect(t, database.ownerUrl)

t.test('recognizes a client whatever port or zone its address has', async (t) => {
  const left = async (forwardedFor: string) => {
    const { headers } = await app.inject({ url: '/nothing', headers: { 'x-forwarded-for': forwardedFor } })
    return Number(/r=(\d+)/.exec(String(headers.ratelimit))?.[1])
  }
  const spellings = {
    '203.0.113.9': ['203.0.113.9:40001', '203.0.113.9:40002', '::ffff:203.0.113.9', '[::ffff:203.0.113.9]:1'],
    '2001:db8::1': ['[2001:db8::1]:443', '[2001:db8::1]:444', '2001:DB8:0::1', '2001:db8::1%eth0'],
    'no address': ['unknown', 'x1', 'x2', '203.0.113.9.1'],
  }
  for (const [name, texts] of Object.entries(spellings)) {
    const first = await left(name)
    const others: number[] = []
    for (const text of texts) others.push(await left(text))
    t.strictSame(
      others,
      texts.map((_, i) => first - 1 - i),
      name,
    )
  }
})

t.test('sessions, the log and the audit log name the client without its port', async (t) => {
  const { user } = await signUp()
  const headers = { 'x-forwarded-for': '203.0.113.77:40001' }
  const { body } = await anonymous.post('/auth/login', { email: user?.email, password: PASSWORD }, headers)
  const bearer = { authorization: `Bearer ${body.accessToken}` }
  const { data } = (await anonymous.get('/me/sessions', bearer)).body
  t.ok(data.some(({ ip }: { ip: string }) => ip === '203.0.113.77'))
  await app.settleAuditRequests()
  const records = await sql`select distinct ip from audit.audit_requests where event = 'sign_in'`
  t.ok(records.some(({ ip }) => ip === '203.0.113.77'))
  const logged = lines.filter(({ ip = '' }) => ip.includes('203.0.113.77')).map(({ ip }) => ip)
  t.ok(logged.length > 0)
  t.strictSame(new Set(logged), new Set(['203.0.113.77']))
})

const OUTSIDE = 'https://api.example.com/base'

/** The path that the proxy forwards for a URL; undefined for URLs of other servers. */
const inside = (address: string) =>
  address.startsWith(`${OUTSIDE}/`) ? address.slice(OUTSIDE.length) : undefined

const addressesIn = (text: string) =>
  [...text.matchAll(/ (?:href|src|action)="([^"]*)"/g)].map(([, address = '']) =>
    address.replaceAll('&amp;', '&').replaceAll('&#39;', "'"),
  )

t.test('every page, file and redirect is below the path of PUBLIC_URL', async (t) => {
  const browser = createBrowser(app)
  const admin = await signUp({ role: 'super_admin' })
  const { id = '', email = '' } = admin.user ?? {}
  const token = await mailToken(app, { userId: id, email, purpose: 'reset_password' })
  const start = [
    '/',
    '/api-docs',
    '/api-docs/',
    '/api-docs/static/index.html',
    '/forgot-password',
    '/dev/mail',
  ]
  const pages = [`/reset-password?token=${token}`, '/verify-email?token=x', '/accept-invitation?token=x']
  const toVisit = new Set([
    ...start,
    ...pages,
    '/.well-known/change-password',
    '/admin/queues',
    '/admin/sign-out',
  ])
  const visit = async () => {
    for (const path of toVisit) {
      const { status, headers, text } = await browser.get(path)
      t.notMatch(status, /404|5\d\d/, path)
      const isPage = headers['content-type']?.startsWith('text/html')
      if (isPage)
        t.notMatch(
          text.replace(/ value="[^"]*"/g, ''),
          /["'(]\/(?!base\/|\/)[\w.-]/,
          `${path}: no address lacks the prefix`,
        )
      const [, base = path] = /<base href="([^"]*)"/.exec(text) ?? []
      const found = [...(isPage ? addressesIn(text) : []), ...(headers.location ? [headers.location] : [])]
      for (const address of found) {
        const { href } = new URL(address, new URL(base === path ? `${OUTSIDE}${path}` : base, OUTSIDE))
        const local = inside(href.split('#')[0] ?? '')
        if (!/^data:|^https:\/\/app\.example\.com/.test(href)) t.ok(local, `${path} leads to ${address}`)
        if (local) toVisit.add(local)
      }
    }
  }
  await visit()
  const signIn = await browser.signIn(email, PASSWORD, '/admin/queues')
  t.match(signIn, { status: 303, headers: { location: '/base/admin/queues' } })
  t.match(signIn.headers['set-cookie'], /^__Host-.*; Path=\/;/)
  await visit()
  for (const path of [
    '/favicon.ico',
    '/static/pages.css',
    '/static/dashboard.js',
    '/api-docs/static/swagger-ui.css',
  ])
    t.ok(toVisit.has(path), path)
})

t.test('a created resource is readable at its Location, and other answers have none', async (t) => {
  const admin = await signUp({ role: 'super_admin' })
  const { body: organization } = await admin.post('/organizations', { name: 'Behind a proxy' })
  const creating = operationsOf(app, organization.id).filter(({ documented }) => documented.responses[201])
  t.ok(creating.length > 2)
  for (const { name, url, body, documented } of creating) {
    const made = await admin.request({ method: 'POST', url, payload: sampleOf(body ?? {}) as object })
    t.equal(made.status, 201, name)
    const isDocumented = 'location' in (documented.responses[201]?.headers ?? {})
    t.equal(made.headers.location !== undefined, isDocumented, `${name} has a Location as documented`)
    if (!made.headers.location) continue
    const read = await admin.request({ url: inside(new URL(made.headers.location, OUTSIDE).href) ?? '' })
    t.match(read, { status: 200, body: { id: made.body.id } }, name)
  }
  const { servers } = app.swagger() as { servers: unknown }
  t.match(servers, [{ url: '/base' }])
})

t.test('a front end can read why its request was refused', async (t) => {
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const send = (origin: string, ...lines: string[]) =>
    exchange(Number(port), [
      ['GET /healthz HTTP/1.1', 'Host: x', `Origin: ${origin}`, ...lines, '', ''].join('\r\n'),
    ])
  const long = `X-A: ${'a'.repeat(20_000)}`
  for (const [status, line] of [
    [400, 'X-A : 1'],
    [400, 'Host: y'],
    [431, long],
  ] as const) {
    const answer = await send(ORIGIN, line)
    t.match(answer, {
      status,
      headers: {
        'access-control-allow-origin': ORIGIN,
        'access-control-expose-headers': /x-request-id/,
        vary: 'Origin',
      },
    })
    t.notOk(
      'access-control-allow-origin' in (await send('https://evil.example', line)).headers,
      line.slice(0, 9),
    )
  }
  const unreadable = await anonymous.request({ url: '/%zz', headers: { origin: ORIGIN } })
  t.match(unreadable, { status: 400, headers: { 'access-control-allow-origin': ORIGIN } })
})
