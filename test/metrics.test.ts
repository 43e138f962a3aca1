import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import pino from 'pino'
import { sealAuditLog } from '../src/db/seals/seal.js'
import { buildTestApp, type TestAppOptions } from './helpers/app.js'
import { newAuditKey } from './helpers/audit-seals.js'
import { connect, createTestDatabase, type TestDatabase } from './helpers/database.js'
import { eventually } from './helpers/eventually.js'
import { parseMetrics, type Scrape, scrape } from './helpers/metrics.js'
import { findMistake } from './helpers/problems.js'
import { openProxy } from './helpers/proxy.js'
import { exchange } from './helpers/socket.js'
import { startTestWorker } from './helpers/worker.js'
import t, { type Test } from './tap.js'

const TOKEN = 'a-token-that-scrapers-know-0123456789'
const AS_SCRAPER = { authorization: `Bearer ${TOKEN}` }
const DURATION = 'http_server_request_duration_seconds_count'

/** An app with its metrics behind a token, and a function that reads them. */
async function buildMeasuredApp(t: Test, options: TestAppOptions = {}) {
  const test = await buildTestApp(t, { ...options, config: { METRICS_TOKEN: TOKEN, ...options.config } })
  const read = async (): Promise<Scrape> =>
    parseMetrics((await test.anonymous.request({ method: 'GET', url: '/metrics', headers: AS_SCRAPER })).text)
  return { ...test, read }
}

const { app, anonymous, read, signUp, database } = await buildMeasuredApp(t)

/**
 * A logger whose lines can be searched. `says` waits for a line and returns the first group of the
 * pattern.
 */
function captureLog() {
  const lines: string[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
  const says = (pattern: RegExp) => eventually(() => pattern.exec(lines.join(''))?.[1])
  return { logger, says }
}

t.test('measures and serves nothing without a setting for it', async (t) => {
  const { app, anonymous } = await buildTestApp(t, { database })
  t.equal(app.metrics.isOn, false)
  t.equal(
    findMistake(await anonymous.request({ method: 'GET', url: '/metrics' }), { status: 404 }),
    undefined,
  )
})

t.test('serves metrics on the port of the API to callers with the token', async (t) => {
  const get = (headers = {}) => anonymous.request({ method: 'GET', url: '/metrics', headers })
  for (const authorization of [
    undefined,
    TOKEN,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN} x`,
    'Bearer ',
    'Basic eA==',
  ]) {
    const answer = await get(authorization === undefined ? {} : { authorization })
    t.equal(findMistake(answer, { status: 401, code: 'UNAUTHORIZED' }), undefined, String(authorization))
    t.equal(answer.headers['www-authenticate'], 'Bearer')
  }
  const admin = await signUp({ role: 'super_admin' })
  t.equal(
    (await admin.request({ method: 'GET', url: '/metrics' })).status,
    401,
    'an access token is not a metrics token',
  )
  const answer = await get(AS_SCRAPER)
  t.match(answer, { status: 200, headers: { 'content-type': /^text\/plain; version=0\.0\.4/ } })
  t.match(parseMetrics(answer.text).value('app_build_info', { service: 'api' }), 1)
})

t.test('serves metrics on a separate port alone, until the process ends', async (t) => {
  const { logger, says } = captureLog()
  const { app, anonymous } = await buildTestApp(t, {
    database,
    logger,
    config: { METRICS_PORT: 0, METRICS_TOKEN: TOKEN },
  })
  const url = await says(/metrics at (http:[^"]*)/)
  t.equal((await anonymous.request({ method: 'GET', url: '/metrics', headers: AS_SCRAPER })).status, 404)
  const statusOf = async (path: string, options: RequestInit = {}) =>
    (await fetch(new URL(path, url), { headers: AS_SCRAPER, ...options })).status
  t.equal(await statusOf('/metrics'), 200)
  t.equal(await statusOf('/metrics', { method: 'HEAD' }), 200)
  t.equal(await statusOf('/metrics', { headers: {} }), 401)
  t.equal(await statusOf('/metrics', { method: 'POST' }), 405)
  t.equal(await statusOf('/'), 404)
  await app.close()
  await t.rejects(fetch(url))
})

t.test('counts requests by route pattern, and no client input becomes a label', async (t) => {
  const { app, read, signUp, anonymous } = await buildMeasuredApp(t, { database })
  const admin = await signUp({ role: 'super_admin' })
  for (const id of ['0198c0de-0000-7000-8000-000000000001', admin.user?.id]) await admin.get(`/users/${id}`)
  await anonymous.get('/made-up')
  await anonymous.request({ method: 'GET', url: '/%zz' })
  await anonymous.request({ method: 'PROPFIND' as 'GET', url: '/api/v1/me' })
  const port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
  await exchange(port, ['no HTTP\r\n\r\n'])
  await exchange(port, [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`])

  const { series, value } = await read()
  const count = (http_route: string, http_response_status_code: string, http_request_method = 'GET') =>
    value(DURATION, { http_route, http_response_status_code, http_request_method })
  t.equal(count('/api/v1/users/:id', '200'), 1)
  t.equal(count('/api/v1/users/:id', '404'), 1)
  t.equal(count('/api/v1/auth/login', '200', 'POST'), 1)
  t.equal(count('unknown', '404'), 1)
  t.equal(count('unknown', '404', '_OTHER'), 1, 'an unknown method does not become a label')
  t.equal(value('app_http_unreadable_requests_total', { reason: 'malformed' }), 1)
  t.equal(value('app_http_unreadable_requests_total', { reason: 'overflow' }), 1)
  t.equal(value('app_http_unreadable_requests_total', { reason: 'url' }), 1)
  t.equal(value('http_server_active_requests'), 1, 'only the request that reads the metrics is in flight')
  const labels = series.flatMap((each) => Object.values(each.labels)).join('\n')
  t.notMatch(labels, /made-up|PROPFIND|0198c0de|%zz/)
})

t.test('counts connections and clients that hang up', async (t) => {
  const { user } = await signUp()
  const port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
  const owner = connect(t, database.ownerUrl)
  await owner.begin(async (tx) => {
    await tx`lock table users in access exclusive mode`
    const socket = connectSocket(port, '127.0.0.1')
    socket.write(`GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${user?.accessToken}\r\n\r\n`)
    await eventually(async () => (await read()).value('http_server_active_requests') === 2)
    t.equal((await read()).value('app_http_connections'), 1)
    socket.destroy()
    await once(socket, 'close')
    const aborted = { http_route: '/api/v1/me', http_response_status_code: '499' }
    await eventually(async () => (await read()).value(DURATION, aborted) === 1)
  })
})

t.test('reports connections of the pool in use, waiting callers and timeouts', async (t) => {
  const { app, read } = await buildMeasuredApp(t, {
    database,
    config: { DATABASE_POOL_MAX: 2, QUEUE_TIMEOUT_MS: 300 },
  })
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const holders = [1, 2].map(() => app.db.transaction(() => held))
  const waiting = app.db.execute('select 1').then(
    () => 'served',
    () => 'refused',
  )
  const { value } = await read()
  t.equal(value('db_client_connection_count', { state: 'used' }), 2)
  t.equal(value('db_client_connection_max'), 2)
  t.ok((value('db_client_connection_pending_requests') ?? 0) >= 1)
  t.equal(value('app_backlog_known'), 0, 'leaves out metrics that need a connection of the pool')
  t.equal(value('app_outbox_jobs'), undefined)
  t.equal(await waiting, 'refused')
  release()
  await Promise.all(holders)
  const later = await read()
  t.ok((later.value('db_client_connection_timeouts_total') ?? 0) >= 1)
  t.equal(later.value('db_client_connection_count', { state: 'used' }), 0)
})

t.test('an unavailable or silent database leaves the other metrics readable', async (t) => {
  for (const fault of ['freeze', 'close'] as const) {
    const proxy = await openProxy(t, database.url)
    const { read } = await buildMeasuredApp(t, { database: { ...database, url: proxy.url } })
    proxy[fault]()
    const scrapes = await Promise.all(Array.from({ length: 50 }, read))
    for (const { value } of scrapes) {
      t.equal(value('app_build_info'), 1)
      t.equal(value('app_password_hashes_waiting'), 0)
      t.not(value('app_backlog_known'), 1)
    }
    const { value } = scrapes[0] as Scrape
    t.ok(
      (value('db_client_connection_pending_requests') ?? 0) + (value('db_client_connection_count') ?? 0) <= 2,
    )
    await eventually(async () => (await read()).value('app_revocation_list_listening') === 0)
    proxy.thaw()
  }
})

t.test('reports pending jobs, dead letters, seals and partitions', async (t) => {
  const database = await createTestDatabase(t)
  await fillBacklog(t, database)
  const { read, app } = await buildMeasuredApp(t, { database })
  const { value } = await read()
  t.equal(value('app_backlog_known'), 1)
  t.equal(value('app_outbox_jobs'), 4)
  t.equal(value('app_outbox_failing_jobs'), 1)
  const age = value('app_outbox_ready_age_seconds') ?? 0
  t.ok(age > 100 && age < 160, `the age of the oldest unclaimed job: ${age}`)
  t.equal(value('app_dead_letters', { job_name: 'send-link' }), 2)
  t.equal(value('app_dead_letters', { job_name: 'send-notice' }), 1)
  t.equal(value('app_audit_unsealed_age_seconds'), undefined, 'no age without any seal')
  t.ok((value('app_audit_partitions_ahead') ?? 0) >= 2)
  const newEntryAge = value('app_audit_new_entry_age_seconds') ?? 0
  t.ok(newEntryAge > 280 && newEntryAge < 360, `the age of the oldest new entry: ${newEntryAge}`)
  t.equal(app.metrics.isOn, true)
})

/** Inserts four jobs (new, claimed, due again, delayed) three dead letters and a new audit entry. */
async function fillBacklog(t: Test, { ownerUrl }: TestDatabase) {
  const owner = connect(t, ownerUrl)
  const ago = (seconds: number) => new Date(Date.now() - seconds * 1000)
  const job = {
    job: 'send-link',
    payload: '{}',
    created_at: ago(10),
    claimed_until: null,
    attempts: 0,
    failed_at: null,
  }
  await owner`insert into outbox ${owner([
    job,
    { ...job, created_at: ago(1000), claimed_until: ago(-50) },
    { ...job, created_at: ago(9000), claimed_until: ago(120), attempts: 3 },
    { ...job, created_at: ago(9000), claimed_until: ago(-9000) },
    { ...job, created_at: ago(9000), failed_at: ago(5) },
    { ...job, created_at: ago(9000), failed_at: ago(5) },
    { ...job, job: 'send-notice', created_at: ago(9000), failed_at: ago(5) },
  ])}`
  await owner`insert into audit.new_entries (created_at, table_name, object_id, operation)
    values (${ago(300)}, 'users', 'x', 'DELETE')`
}

t.test('the age of unsealed entries starts with the first seal', async (t) => {
  const key = newAuditKey()
  await signUp()
  await app.settleAuditRequests()
  const sealed = () => sealAuditLog(app.transactions, key)
  await eventually(async () => (await sealed()).entries > 0 || undefined)
  await connect(t, database.ownerUrl)`update users set first_name = 'Grace'`
  await eventually(async () => {
    const age = (await read()).value('app_audit_unsealed_age_seconds')
    return age !== undefined && age >= 0 && age < 60
  })
})

t.test('the worker reports its jobs and mails on a separate port', async (t) => {
  const { logger, says } = captureLog()
  const test = await buildTestApp(t, { config: { WORKER_METRICS_PORT: 0 } })
  t.equal(test.app.metrics.isOn, false)
  await startTestWorker(t, test, logger)
  const url = await says(/metrics at (http:[^"]*)/)
  const person = { firstName: 'Ada', lastName: 'Test', password: 'a long and quiet sentence' }
  await test.anonymous.post('/auth/register', { ...person, email: 'ada@example.com' })
  const owner = connect(t, test.database.ownerUrl)
  await owner`insert into outbox (job, payload) values ('no-such-job', '{}')`
  await owner`notify outbox`
  const { value } = await eventually(async () => {
    const metrics = await scrape(url)
    const dead = { job_name: 'no-such-job', outcome: 'dead' }
    const isOver = metrics.value('app_mails_total') && metrics.value('app_job_duration_seconds_count', dead)
    return isOver ? metrics : undefined
  })
  t.equal(value('app_build_info', { service: 'worker' }), 1)
  t.equal(value('app_mails_total', { outcome: 'sent' }), 1)
  t.equal(value('app_job_duration_seconds_count', { job_name: 'confirm-registration', outcome: 'done' }), 1)
  t.equal(value(DURATION), undefined, 'reports no requests')
})
