import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { buildTestApp, PASSWORD, type TestAppOptions } from '../helpers/app.js'
import { createTestDatabase } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { findUnsafe } from '../helpers/safe-headers.js'
import { startServer } from '../helpers/server.js'
import t, { type Test } from '../tap.js'

/** Starts the app on a port and signs a user up. */
async function listen(t: Test, config: NonNullable<TestAppOptions['config']>) {
  const test = await buildTestApp(t, { config })
  const url = await test.app.listen({ host: '127.0.0.1', port: 0 })
  const { user } = await test.signUp()
  const get = (path: string) =>
    fetch(url + path, { headers: { authorization: `Bearer ${user?.accessToken}` } })
  return { ...test, url, port: Number(new URL(url).port), get, user }
}

const checksOf = async (answer: Response) => {
  const { status, checks } = (await answer.json()) as { status: string; checks: Record<string, string> }
  return { code: answer.status, status, load: checks.load }
}

async function isShed(t: Test, answer: Response) {
  t.match(answer.headers.get('retry-after'), /^[1-9]\d*$/)
  t.match(answer.headers.get('content-type'), /^application\/problem\+json/)
  t.match(await answer.json(), { status: 503, code: 'SERVICE_UNAVAILABLE', requestId: String })
  t.equal(findUnsafe({ headers: Object.fromEntries(answer.headers) }), undefined)
}

t.test('refuses requests while the event loop lags, and stays alive for health checks', async (t) => {
  const { url: DATABASE_URL } = await createTestDatabase(t)
  const { url } = await startServer(t, { env: { DATABASE_URL, EVENT_LOOP_DELAY_LIMIT_MS: '10' } })
  const request = 'GET /api/v1/me HTTP/1.1\r\nHost: x\r\n\r\n'
  const last = request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')
  const flood = () => ask(Number(new URL(url).port), request.repeat(500) + last)
  const shed = await eventually(async () => {
    const floods = Promise.all(Array.from({ length: 10 }, flood))
    t.equal((await fetch(`${url}/healthz`)).status, 200)
    const texts = (await floods).map(({ received }) => received).join('')
    return /HTTP\/1\.1 503[\s\S]*?\r\n\r\n\{[^}]*\}/.exec(texts)?.[0]
  })
  t.match(shed, /retry-after: 1\r\n/i)
  t.match(shed, /content-type: application\/problem\+json/)
  t.match(shed, /"code":"SERVICE_UNAVAILABLE"/)
  const headers = Object.fromEntries(
    [...shed.matchAll(/^([\w-]+): (.*)\r$/gm)].map(([, name, value]) => [name, value]),
  )
  t.equal(findUnsafe({ headers }), undefined)
  t.match(await checksOf(await fetch(`${url}/readyz`)), { code: 200, status: 'degraded', load: /event loop/ })
  t.ok(
    await eventually(async () => (await fetch(`${url}/api/v1/me`)).status === 401),
    'serves again after the flood',
  )
})

t.test('refuses a request in time without a free connection and answers others', async (t) => {
  const { app, get } = await listen(t, {
    DATABASE_POOL_MAX: 1,
    QUEUE_TIMEOUT_MS: 100,
    // Longer than the limit of a test, so that this does not end the wait.
    DATABASE_CONNECT_TIMEOUT_MS: 60_000,
  })
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const holder = app.db.transaction(() => held)
  await isShed(t, await get('/api/v1/me'))
  t.equal((await get('/healthz')).status, 200)
  t.match(await checksOf(await get('/readyz')), { code: 200, status: 'degraded', load: /database pool/ })
  release()
  await holder
  t.equal((await get('/api/v1/me')).status, 200)
})

t.test('refuses a sign-in that would wait too long for its password, and not the next one', async (t) => {
  const { url, get, user } = await listen(t, { QUEUE_TIMEOUT_MS: 200, ARGON2_PASSES: 20 })
  const signIn = (email: string) =>
    fetch(`${url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password: PASSWORD }),
    })
  const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => signIn(`nobody-${i}@example.com`)))
  const refused = answers.filter(({ status }) => status === 503)
  t.strictSame([...new Set(answers.map(({ status }) => status))].sort(), [401, 503])
  await isShed(t, refused[0] as Response)
  t.match(await checksOf(await get('/readyz')), { code: 200, load: /password hashing/ })
  t.equal((await signIn(user?.email ?? '')).status, 200)
})

/**
 * Sends the text and nothing more, and waits until the server ends its side. Never hangs up by
 * itself.
 */
async function ask(port: number, text: string) {
  const socket = connectSocket({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  let received = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    received += chunk
  })
  socket.write(text)
  await once(socket, 'end')
  return { received, close: () => socket.destroy() }
}

t.test('ends connections of clients that are slow to send, at any stage', async (t) => {
  const { app, port } = await listen(t, { REQUEST_TIMEOUT_SECONDS: 1 })
  const post = 'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
  const texts = [
    '',
    'GET / HTTP/1.1\r\nHo',
    `${post}Content-Length: 9\r\n\r\n{`,
    `${post}Transfer-Encoding: chunked\r\n\r\n1\r\n`,
  ]
  const clients = await Promise.all(texts.map((text) => ask(port, text)))
  for (const { received } of clients) {
    if (received !== '') t.match(received, /^HTTP\/1\.1 408 [\s\S]*"code":"REQUEST_TIMEOUT"/)
  }
  t.equal(clients.filter(({ received }) => received !== '').length, clients.length)
  const isOver = () =>
    new Promise<boolean>((resolve) => app.server.getConnections((_error, count) => resolve(count === 0)))
  t.ok(await eventually(isOver), 'closes the connection although the client keeps its side open')
  for (const { close } of clients) close()
})

t.test('keeps a connection for the configured time, so that a proxy can close it first', async (t) => {
  // Not 72, which is also Fastify's default.
  const { get } = await listen(t, { KEEP_ALIVE_TIMEOUT_SECONDS: 605 })
  t.equal((await get('/healthz')).headers.get('keep-alive'), 'timeout=605')
})
