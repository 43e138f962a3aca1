import type { Feature } from './feature.js'

/** The form of the dashboard shares the limit of the API's sign-in. */
const SIGN_IN_FORM = `    const form = await app.inject({
      method: 'POST',
      url: '/admin/sign-in',
      headers: { 'sec-fetch-site': 'same-origin' },
      payload: {},
    })
    t.equal(form.statusCode, 429, 'the sign-in of the dashboard shares the limit')
`

const SIGN_IN_ROWS = `  ['a sign-in page', send('GET /admin/sign-in'), 200, { ...PAGE, 'referrer-policy': 'same-origin' }],
  [
    'a page with its own policy',
    send('GET /admin/queues', [COOKIE]),
    200,
    { ...PAGE, 'content-security-policy': /worker-src 'self'/, 'referrer-policy': 'same-origin' },
  ],
`

const APP = `const { app, signUp, database } = await buildTestApp(t, {
  config: { RATE_LIMIT: 'off' },
  routes: oddRoutes,
})
const admin = await signUp({ role: 'super_admin' })`

export const jobsDashboard: Feature = {
  title: 'The jobs dashboard at /admin/queues, and its sign-in',
  owns: [
    'src/db/queries/sessions/cookie-sessions.ts',
    'src/lib/auth/session-cookie.ts',
    'src/plugins/auth/cookie-sessions.ts',
    'src/plugins/infra/jobs-dashboard.ts',
    'src/routes/admin',
    'src/static/dashboard.css',
    'src/static/dashboard.js',
    'src/views/admin.ts',
    'test/browser/dashboard.test.ts',
    'test/helpers/dashboard.ts',
    'test/routes/dashboard.test.ts',
    'test/routes/dashboard-outage.test.ts',
    'test/routes/dashboard-sign-in.test.ts',
  ],
  cuts: {
    'scripts/dev/banner.ts': ['config.JOBS_DASHBOARD'],
    'src/db/queries/sessions/create-session.ts': ['cookieHash'],
    'src/db/schema/sessions.ts': ['cookieHash:', "uniqueIndex('sessions_cookie_hash_key'"],
    'src/lib/errors/errors.ts': [
      'export const SignInNeeded ',
      'export const DashboardReadOnly ',
      'export const NotOffered ',
    ],
    '.ci/production.ts': ['const queues = '],
    'test/wire/response-headers.test.ts': ['const COOKIE = '],
    'test/helpers/audit-consistency.ts': ["'cookie_hash'"],
  },
  replacements: {
    'test/processes/dev-banner.test.ts': [
      ['  Jobs      http://localhost:3000/admin/queues\n', ''],
      [", JOBS_DASHBOARD: 'off'", ''],
    ],
    'test/db/audit-session.test.ts': [
      ["            cookieHash: sql`null::bytea`.as('cookie_hash'),\n", ''],
      ["'copied', null, null from users", "'copied', null from users"],
    ],
    'test/faults/redis-kinds.test.ts': [
      ['  await showsJobs(t, onboarding, cluster.url)\n', ''],
      ['    await showsJobs(t, onboarding, sentinels.url)\n', ''],
      ['jobs, limits and the dashboard work', 'jobs and limits work'],
    ],
    'test/routes/rate-limits.test.ts': [
      [SIGN_IN_FORM, ''],
      [
        'const { app, anonymous } = await limited(t)\n    const statuses',
        'const { anonymous } = await limited(t)\n    const statuses',
      ],
    ],
    'test/wire/response-headers.test.ts': [
      ["import { buildDashboard } from '../helpers/dashboard.js'\n", ''],
      ['const { app, admin, browser, database } = await buildDashboard(t, { routes: oddRoutes })', APP],
      ['await browser.signIn()\n', ''],
      [SIGN_IN_ROWS, ''],
    ],
    'CONTRIBUTING.md': [['pages, dashboard and Swagger UI', 'pages and Swagger UI']],
    'docs/scaling.md': [
      [', and 1 while the dashboard is open', ''],
      ['counts limits exactly and shows jobs in the dashboard on', 'and counts limits exactly on'],
    ],
  },
  packages: ['@bull-board/api', '@bull-board/fastify'],
  settings: ['JOBS_DASHBOARD'],
  database: { columns: { sessions: ['cookie_hash'] }, indexes: { sessions: ['sessions_cookie_hash_key'] } },
  docs: {
    'README.md': ['<http://localhost:3000/admin/queues>'],
    'docs/jobs.md': ['## Dashboard'],
  },
}
