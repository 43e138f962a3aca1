import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { enqueue } from '../../src/db/queries/jobs/outbox.js'
import { outbox } from '../../src/db/schema/outbox.js'
import { buildTestApp, PASSWORD, type TestAppOptions } from './app.js'
import { eventually } from './eventually.js'
import { startTestWorker } from './worker.js'

export const ADMIN = 'grace.hopper@example.com'
export const BOARD = '/admin/queues'
export const SIGN_IN = '/admin/sign-in'
export const SIGN_OUT = '/admin/sign-out'

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
type Sent = { form?: Record<string, string>; headers?: Record<string, string> }

/** A client of one administrator that keeps a cookie and sends `Sec-Fetch-Site`, as a browser does. */
export function createBrowser(app: FastifyInstance, admin = ADMIN) {
  let cookie = ''
  const request = async (method: Method, url: string, { form, headers }: Sent = {}) => {
    const response = await app.inject({
      method,
      url,
      headers: {
        'sec-fetch-site': 'same-origin',
        ...(cookie !== '' && { cookie }),
        ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      ...(form && { payload: new URLSearchParams(form).toString() }),
    })
    const setCookie = String(response.headers['set-cookie'] ?? '')
    if (setCookie !== '') cookie = /Max-Age=0/.test(setCookie) ? '' : (setCookie.split(';')[0] ?? '')
    return {
      status: response.statusCode,
      headers: response.headers as Record<string, string>,
      text: response.body,
      // biome-ignore lint/suspicious/noExplicitAny: the test checks the body
      json: <T = any>() => response.json<T>(),
    }
  }
  return {
    request,
    get: (url: string, headers?: Record<string, string>) => request('GET', url, headers ? { headers } : {}),
    put: (url: string) => request('PUT', url),
    post: (url: string, form: Record<string, string> = {}) => request('POST', url, { form }),
    signIn: (email = admin, password = PASSWORD, next?: string) =>
      request('POST', SIGN_IN, { form: { email, password, ...(next !== undefined && { next }) } }),
    cookie: () => cookie,
  }
}

/** The app with an administrator and a browser for its dashboard. */
export async function buildDashboard(t: Test, options: TestAppOptions = {}) {
  const built = await buildTestApp(t, { ...options, config: { RATE_LIMIT: 'off', ...options.config } })
  const admin = await built.signUp({ email: ADMIN, role: 'super_admin' })
  return { ...built, admin, browser: createBrowser(built.app) }
}

export type Dashboard = Awaited<ReturnType<typeof buildDashboard>>

/** Enqueues a job of an unknown kind, which fails. Returns its id. */
export async function enqueueUnknownJob({ app, admin }: Dashboard): Promise<string> {
  const payload = { userId: admin.user?.id, token: 'a-secret-by-its-name' }
  const [row] = await app.db
    .insert(outbox)
    .values({ job: 'fly-to-the-moon', payload })
    .returning({ id: outbox.id })
  return (row as { id: string }).id
}

/** Waits until every job is done or has failed. */
export const jobsAreSettled = ({ app }: Dashboard) =>
  eventually(async () => {
    const rows = await app.db.select().from(outbox)
    return rows.every(({ doneAt, failedAt }) => doneAt ?? failedAt)
  })

/**
 * Starts a worker and runs a job that succeeds and one that fails. Returns the id of the failed
 * one.
 */
export async function runJobs(t: Test, dashboard: Dashboard): Promise<string> {
  await dashboard.app.db.transaction((tx) =>
    enqueue(tx, 'request-verification', { email: 'nobody@example.com' }),
  )
  const failedId = await enqueueUnknownJob(dashboard)
  await startTestWorker(t, dashboard)
  await jobsAreSettled(dashboard)
  return failedId
}
