import { appRoutes } from '@bull-board/api/dist/routes.js'
import { outbox } from '../../src/db/schema/outbox.js'
import { buildTestApp } from '../helpers/app.js'
import {
  BOARD,
  buildDashboard,
  createBrowser,
  type Dashboard,
  enqueueUnknownJob,
  jobsAreSettled,
  runJobs,
  SIGN_IN,
  SIGN_OUT,
} from '../helpers/dashboard.js'
import { eventually } from '../helpers/eventually.js'
import { forgetKeys, onEachBackend } from '../helpers/jobs.js'
import t from '../tap.js'

const API = `${BOARD}/api`
const QUEUE = `${API}/queues/jobs`
const FAILED = `${API}/queues?activeQueue=jobs&status=failed`
const PAGES = ['', '/', '/queue/jobs', '/queue/jobs/1', '/job-schedulers', '/metrics-history']
const READS = ['/queues', '/job-schedulers', '/redis/stats', '/queues/jobs/workers', '/queues/jobs/1']

const failedOf = async (browser: Dashboard['browser']) => {
  const [queue] = (await browser.get(FAILED)).json().queues
  return { count: queue.counts.failed, jobs: queue.jobs }
}

/** Every route of bull-board that changes something. */
const CHANGES = appRoutes.api
  .filter(({ method }) => method !== 'get')
  .map(({ method, route }) => ({ method: String(method).toUpperCase() as 'PUT', url: BOARD + route }))

const readOnly = await buildDashboard(t)
const readWrite = await buildDashboard(t, {
  config: { JOBS_DASHBOARD: 'read-write', PUBLIC_URL: 'https://own.example' },
})
const failedId = await runJobs(t, readWrite)

t.test('shows nothing without a sign-in in this browser, not even to a token', async (t) => {
  const { app, admin } = readOnly
  const browser = createBrowser(app)
  const [asset = ''] = /static\/js\/main[^"]*/.exec(await signedInPage(app)) ?? []
  t.ok(asset)
  const headers = { authorization: `Bearer ${admin.user?.accessToken}` }
  const cookies = ['', 'x', '__Host-session=', `__Host-session=${'x'.repeat(43)}`]
  for (const cookie of cookies) {
    for (const page of PAGES) {
      const { status, headers: answered } = await browser.get(BOARD + page, { ...headers, cookie })
      t.match([status, answered.location], [302, /^\/admin\/sign-in\?next=/], `${page} ${cookie}`)
    }
    for (const path of [...READS.map((path) => `/api${path}`), `/${asset}`]) {
      t.equal(
        (await browser.get(`${BOARD}/${path}`.replace('//', '/'), { ...headers, cookie })).status,
        401,
        path,
      )
    }
  }
})

async function signedInPage(app: Dashboard['app']): Promise<string> {
  const browser = createBrowser(app)
  await browser.signIn()
  return (await browser.get(BOARD)).text
}

onEachBackend('shows queues and jobs without secrets', async (t, backend) => {
  const built = await buildDashboard(t, { config: backend })
  const { browser, admin } = built
  const id = await runJobs(t, built)
  await browser.signIn()
  const page = await browser.get(BOARD)
  t.match(page, { status: 200, headers: { 'content-type': /^text\/html/, 'referrer-policy': 'same-origin' } })
  const policy = page.headers['content-security-policy']
  t.match(policy, /default-src 'none';script-src 'self';style-src 'self' 'sha256-[^']+';/)
  t.notMatch(policy, /unsafe|https?:|\*/)
  t.notMatch(page.text, /<style|style="|https:/)
  for (const path of READS.slice(0, 4)) t.equal((await browser.get(API + path)).status, 200, path)
  t.match((await browser.get(`${API}/queues`)).json().queues, [
    {
      name: 'jobs',
      readOnlyMode: true,
      allowRetries: false,
      counts: { failed: 1 },
      jobSchedulerCount: Number,
    },
  ])
  const { jobs } = await failedOf(browser)
  t.match(jobs, [
    { id, name: 'fly-to-the-moon', data: { userId: admin.user?.id }, failedReason: /There is no job/ },
  ])
  t.match((await browser.get(`${QUEUE}/${id}`)).json(), { status: 'failed', job: { id } })
  const latest = await browser.get(`${API}/queues?activeQueue=jobs&status=latest`)
  t.match(latest.text, 'request-verification')
  t.notMatch(latest.text, 'a-secret-by-its-name')
})

t.test('refuses every change in read-only mode', async (t) => {
  const { app, browser } = readOnly
  const id = await runJobs(t, readOnly)
  await browser.signIn()
  t.ok(CHANGES.length > 15)
  for (const { method, url } of CHANGES) {
    const path = url
      .replace(':queueName', 'jobs')
      .replace(':jobId', id)
      .replace(':queueStatus', 'failed')
      .replace(':schedulerId', 'purge-outbox')
    const { status, json } = await browser.request(method, path)
    t.match([status, json().code], [403, 'DASHBOARD_READ_ONLY'], `${method} ${path}`)
  }
  const rows = await app.db.select().from(outbox)
  t.match(
    rows.find((row) => row.id === id),
    { failedAt: Date, retriedAt: null },
  )
  t.match((await browser.get(`${API}/job-schedulers`)).text, 'purge-outbox')
  t.match(await failedOf(browser), { count: 1 })
})

onEachBackend('failed jobs are retried and discarded where they are stored', async (t, backend) => {
  const built = await buildDashboard(t, { config: { ...backend, JOBS_DASHBOARD: 'read-write' } })
  const { app, browser } = built
  const id = await runJobs(t, built)
  await browser.signIn()
  const rowOf = async () => (await app.db.select().from(outbox)).find((row) => row.id === id)
  const makeDoable = () =>
    app.db.update(outbox).set({ job: 'request-verification', payload: { email: 'x@example.com' } })

  t.equal((await browser.put(`${QUEUE}/${id}/retry`)).status, 204)
  await eventually(async () => (await rowOf())?.failedAt)
  t.ok((await rowOf())?.retriedAt, 'the worker has retried the job')
  await forgetKeys(backend)
  t.match(
    await failedOf(browser),
    { count: 1, jobs: [{ id }] },
    'a dead letter is listed even when the queue has lost it',
  )

  await makeDoable()
  t.match((await browser.put(`${QUEUE}/retry/failed`)).json(), { retried: 1, skipped: 0 })
  await jobsAreSettled(built)
  t.match(await rowOf(), { failedAt: null, doneAt: Date })
  t.match(await failedOf(browser), { count: 0, jobs: [] })
  t.equal((await browser.put(`${QUEUE}/${id}/retry`)).status, 409, 'a finished job cannot be retried')

  const [one, ...others] = [
    await enqueueUnknownJob(built),
    await enqueueUnknownJob(built),
    await enqueueUnknownJob(built),
  ]
  await jobsAreSettled(built)
  t.equal((await browser.put(`${QUEUE}/${one}/clean`)).status, 204)
  t.match((await failedOf(browser)).jobs.map((job: { id: string }) => job.id).sort(), others.sort())
  t.equal((await browser.put(`${QUEUE}/clean/failed`)).status, 200)
  t.match(await failedOf(browser), { count: 0, jobs: [] })
  t.equal((await app.db.select().from(outbox)).filter((row) => row.job === 'fly-to-the-moon').length, 0)
})

t.test('offers no action that the outbox would not notice', async (t) => {
  const { browser } = readWrite
  await browser.signIn()
  const [done] = (await browser.get(`${API}/queues?activeQueue=jobs&status=completed`)).json().queues[0].jobs
  const refused = [
    ['PUT', `${QUEUE}/${done.id}/retry`],
    ['PUT', `${QUEUE}/${done.id}/clean`],
    ['PUT', `${QUEUE}/retry/completed`],
    ['PUT', `${QUEUE}/clean/completed`],
    ['PUT', `${QUEUE}/clean/delayed`],
    ['PUT', `${QUEUE}/empty`],
    ['PUT', `${QUEUE}/obliterate`],
    ['POST', `${QUEUE}/add`],
    ['PATCH', `${QUEUE}/${done.id}/update-data`],
    ['PUT', `${QUEUE}/job-schedulers/purge-outbox/remove`],
  ] as const
  for (const [method, path] of refused) {
    t.match((await browser.request(method, path)).json(), { status: 409, code: 'NOT_OFFERED' }, path)
  }
  for (const path of ['pause', 'resume', 'promote'])
    t.equal((await browser.put(`${QUEUE}/${path}`)).status, 200)
})

t.test('requests from other sites change nothing', async (t) => {
  const { browser, app } = readWrite
  await browser.signIn()
  const foreign: Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'cross-site', origin: 'https://own.example' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'https://own.example.evil.example' },
    { origin: 'http://own.example' },
    {},
  ]
  const cookie = browser.cookie()
  const send = (method: 'POST' | 'PUT', url: string, headers: Record<string, string>, type: string) =>
    app.inject({
      method,
      url,
      headers: { cookie, 'content-type': type, ...headers },
      payload: 'email=a%40b.example&password=x',
    })
  for (const headers of foreign) {
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'application/json']) {
      for (const [method, url] of [
        ['POST', SIGN_IN],
        ['POST', SIGN_OUT],
        ['PUT', `${QUEUE}/${failedId}/retry`],
        ['PUT', `${API}/queues/pause`],
      ] as const) {
        const { statusCode } = await send(method, url, headers, type)
        t.equal(statusCode, 403, `${url} ${type} ${JSON.stringify(headers)}`)
      }
    }
  }
  t.match(await failedOf(browser), { count: 1 })
  const own = { cookie, origin: 'https://own.example' }
  const retried = await app.inject({ method: 'PUT', url: `${QUEUE}/${failedId}/retry`, headers: own })
  t.equal(retried.statusCode, 204, 'accepts a browser that sends only its origin')
  const { statusCode } = await send(
    'PUT',
    `${API}/queues/pause`,
    { 'sec-fetch-site': 'same-origin' },
    'text/plain',
  )
  t.equal(statusCode, 415, 'accepts only JSON')
})

t.test('serves nothing when it is switched off', async (t) => {
  const { database } = readOnly
  const { app } = await buildTestApp(t, { database, config: { JOBS_DASHBOARD: 'off' } })
  const browser = createBrowser(app)
  for (const path of [BOARD, SIGN_IN, SIGN_OUT, `${API}/queues`])
    t.equal((await browser.get(path)).status, 404)
  t.equal((await browser.signIn()).status, 404)
  t.strictSame(
    [...app.knownPaths].filter((path) => path.startsWith('/admin')),
    [],
  )
})
