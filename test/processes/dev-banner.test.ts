import { banner } from '../../scripts/dev/banner.js'
import { loadConfig } from '../../src/config/index.js'
import t from '../tap.js'

const settings = (env: NodeJS.ProcessEnv = {}) =>
  loadConfig({ env: { CONFIG_FILE: 'off', NODE_ENV: 'development', ...env } })
const embedded = { embedded: true, migrationUrl: 'postgres://owner:secret@127.0.0.1:5433/app' }
const ADDRESS = 'http://127.0.0.1:3000'

t.test('the banner of npm run dev says where everything is', async (t) => {
  const admin = { email: 'admin@example.com', password: 'shown once' }
  t.equal(
    banner(settings({ LOG_FILE_PATH: '/logs/app.log' }), ADDRESS, embedded, admin),
    `
  API       http://localhost:3000/api/v1
  API docs  http://localhost:3000/api-docs
  Inbox     http://localhost:3000/dev/mail
  Jobs      http://localhost:3000/admin/queues
  Database  psql 'postgres://owner:secret@127.0.0.1:5433/app?options=-c%20app.scope%3Dplatform'
  Log file  /logs/app.log

  The first super_admin, whose password is shown only this once:

  E-mail    admin@example.com
  Password  shown once
`,
  )
})

t.test('the banner leaves out what is off', async (t) => {
  const off = { API_DOCS: 'off', JOBS_DASHBOARD: 'off', LOG_FILE_PATH: 'off', SMTP_URL: 'smtp://localhost' }
  const text = banner(settings(off), ADDRESS, embedded, undefined)
  t.strictSame(
    text.match(/^ {2}\S+/gm)?.map((label) => label.trim()),
    ['API', 'Database'],
  )
})

t.test('the banner names the host as a browser reaches it', async (t) => {
  const apiAt = (address: string) =>
    /API +(\S+)\/api\/v1/.exec(banner(settings(), address, embedded, undefined))?.[1]
  t.equal(apiAt('http://0.0.0.0:3000'), 'http://localhost:3000')
  t.equal(apiAt('http://[::]:3000'), 'http://localhost:3000')
  t.equal(apiAt('http://[::1]:3000'), 'http://localhost:3000')
  t.equal(apiAt('http://192.0.2.1:3000'), 'http://192.0.2.1:3000')
})

t.test('the banner does not show the password of a DATABASE_URL', async (t) => {
  const psql = (migrationUrl: string) =>
    /psql .*/.exec(banner(settings(), ADDRESS, { embedded: false, migrationUrl }, undefined))?.[0]
  const options = '?options=-c%20app.scope%3Dplatform'
  t.equal(
    psql('postgres://me:secret@db.example.com/app?sslpassword=secret&password=secret'),
    `psql 'postgres://me@db.example.com:5432/app${options}'`,
  )
  t.equal(psql("postgres://a'b:secret@[::1]:1/c'd"), `psql 'postgres://a%27b@[::1]:1/c%27d${options}'`)
  t.equal(psql('postgres://me@/app?host=/run/pg'), `psql 'postgres://me@%2Frun%2Fpg:5432/app${options}'`)
})
