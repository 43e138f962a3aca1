import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { noticeMails } from '../../src/emails/index.js'
import devInbox from '../../src/plugins/infra/dev-inbox.js'
import mailer from '../../src/plugins/infra/mailer.js'
import metrics from '../../src/plugins/infra/metrics.js'
import { buildTestApp, type TestApp } from '../helpers/app.js'
import { eventually } from '../helpers/eventually.js'
import { UNMEASURED } from '../helpers/metrics.js'
import { startTestWorker } from '../helpers/worker.js'
import t, { type Test } from '../tap.js'

const ada = {
  email: 'ada@example.com',
  password: 'a long and quiet sentence',
  firstName: '<b>{{7*7}}</b>',
  lastName: 'Lovelace',
}

function newDataDir(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'dev-mail-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const startWithoutMailServer = (t: Test): Promise<TestApp> =>
  buildTestApp(t, { config: { DATA_DIR: newDataDir(t) } })

const getter =
  ({ anonymous }: TestApp) =>
  (url: string) =>
    anonymous.request({ method: 'GET', url: `/dev/mail${url}` })

/** Ids in ascending order, like those of jobs. */
const newIds = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${String(i).padStart(3, '0')}-${randomUUID()}`)

/** Sends mails into the inbox of a running app, as its worker would. */
async function fill({ config }: TestApp, messageIds: readonly string[]): Promise<void> {
  const worker = Fastify()
  await worker.register(metrics, UNMEASURED)
  await worker.register(devInbox, config)
  await worker.register(mailer, config)
  const mail = noticeMails['password-changed'].write({ ...ada, baseUrl: 'http://localhost:3000' })
  for (const messageId of messageIds) await worker.mailer.send({ to: ada.email, mail, messageId })
  await worker.close()
}

t.test(
  "shows the worker's mails in the inbox, with working links, when there is no mail server",
  async (t) => {
    const testApp = await startWithoutMailServer(t)
    const { anonymous } = testApp
    const get = getter(testApp)
    t.match((await get('')).text, /No mail/)
    await startTestWorker(t, testApp)
    await anonymous.post('/auth/register', ada)
    const mail = await firstMail(testApp)
    t.match(mail, { to: ada.email, subject: 'Confirm your e-mail address', from: testApp.config.MAIL_FROM })
    t.match(mail.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

    const page = await get(`?message=${mail.id}`)
    t.match(page.headers, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
    t.match(page.text, 'Hello &lt;b&gt;{{7*7}}&lt;/b&gt;,')
    const [, href = ''] = /<pre>.*<a href="([^"]*)">/s.exec(page.text) ?? []
    const link = new URL(href)
    t.ok(mail.text.includes(link.href), 'the page links to the link of the mail')
    t.equal(link.pathname, '/verify-email')
    const token = link.searchParams.get('token')
    t.equal((await anonymous.post('/auth/verify-email', { token: token ?? '' })).status, 204)
    t.ok(await anonymous.signIn(ada.email, ada.password))
  },
)

/** Waits until the worker has sent the first mail. */
const firstMail = (testApp: TestApp) =>
  eventually(async () => (await getter(testApp)('/messages')).body.data[0])

t.test('lists mails newest first, shows each one, and removes them', async (t) => {
  const testApp = await startWithoutMailServer(t)
  const { anonymous, config } = testApp
  const get = getter(testApp)
  const ids = newIds(3)
  await fill(testApp, ids)
  const newestFirst = ids.toReversed()
  const idsOf = async (query: string) =>
    (await get(`/messages${query}`)).body.data.map(({ id }: { id: string }) => id)
  t.strictSame(await idsOf(''), newestFirst)
  t.strictSame(await idsOf('?limit=2'), newestFirst.slice(0, 2))
  t.strictSame((await get('/messages')).body.nextCursor, null)
  const { nextCursor } = (await get('/messages?limit=2')).body
  t.strictSame(await idsOf(`?limit=2&cursor=${nextCursor}`), newestFirst.slice(2))
  const page = (await get('')).text
  t.strictSame(
    [...page.matchAll(/\?message=([\w-]+)/g)].map(([, id]) => id),
    newestFirst,
  )

  const { body } = await get(`/messages/${ids[0]}`)
  t.match(body, { id: ids[0], to: ada.email, subject: 'Your password was changed', text: /\{\{7\*7\}\}/ })
  const shown = await get(`/messages/${ids[0]}/html`)
  t.equal(shown.text, body.html)
  t.match(shown.headers, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      /^default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox /,
  })

  await fill(testApp, ids.slice(0, 1))
  t.strictSame(await idsOf(''), [ids[0], ids[2], ids[1]], 'a mail that was sent twice is listed once')

  for (const file of readdirSync(join(config.DATA_DIR, 'mail'))) {
    t.equal(
      statSync(join(config.DATA_DIR, 'mail', file)).mode & 0o777,
      0o600,
      'only the owner can read the file',
    )
  }
  t.equal((await anonymous.request({ method: 'DELETE', url: '/dev/mail/messages' })).status, 204)
  t.strictSame(await idsOf(''), [])
  t.strictSame(readdirSync(join(config.DATA_DIR, 'mail')), [])
})

t.test('keeps the newest 200 mails', async (t) => {
  const testApp = await startWithoutMailServer(t)
  const ids = newIds(203)
  await fill(testApp, ids)
  const { data } = (await getter(testApp)('/messages')).body
  t.strictSame(
    data.map(({ id }: { id: string }) => id),
    ids.slice(3).toReversed(),
  )
  t.equal(readdirSync(join(testApp.config.DATA_DIR, 'mail')).length, 200)
})

t.test('every kind of mail can be previewed', async (t) => {
  const get = getter(await startWithoutMailServer(t))
  const paths = [...(await get('/preview')).text.matchAll(/href="\/dev\/mail(\/preview\/[^"]*)"/g)]
  t.equal(paths.length, 22)
  for (const [, path = ''] of paths) {
    const { status, headers, text } = await get(path)
    t.equal(status, 200, path)
    t.match(text, /Hello Ada,/)
    const isText = path.includes('part')
    t.match(headers['content-type'], isText ? 'text/plain' : 'text/html')
    if (!isText) t.match(headers['content-security-policy'], /sandbox/)
  }
})

t.test('unknown mails get the usual error answers', async (t) => {
  const testApp = await startWithoutMailServer(t)
  const get = getter(testApp)
  for (const url of [
    `/messages/${randomUUID()}`,
    `/messages/${randomUUID()}/html`,
    `?message=${randomUUID()}`,
  ]) {
    t.match(await get(url), { status: 404, body: { code: 'NOT_FOUND' } })
  }
  for (const url of [
    '/messages/..%2F..%2Fjwt-keys',
    '/messages/a.b',
    '/messages?limit=0',
    '/messages?limit=x',
    '/messages?to=ada',
    '/preview/nothing',
    '/preview/__proto__',
    '/preview/verify-email?part=pdf',
  ]) {
    t.match(await get(url), { status: 400, body: { code: 'VALIDATION_FAILED' } }, url)
  }
  t.match(await testApp.anonymous.request({ method: 'POST', url: '/dev/mail/messages' }), { status: 405 })
})

t.test('answers no request under a name that another site pointed here', async (t) => {
  const { anonymous } = await buildTestApp(t, {
    config: { DATA_DIR: newDataDir(t), PUBLIC_URL: 'https://api.example.com/base' },
  })
  const statusFor = async (host: string, url: string) =>
    (await anonymous.request({ method: 'GET', url, headers: { host } })).status
  for (const url of ['/dev/mail', '/dev/mail/messages', '/dev/mail/preview']) {
    for (const host of [
      'evil.example',
      'evil.example:3000',
      'localhost.evil.example',
      '192.0.2.1',
      '127.0.0.1.evil.example',
    ])
      t.equal(await statusFor(host, url), 404, `${host} ${url}`)
    for (const host of [
      'localhost:3000',
      '127.0.0.1:3000',
      '[::1]:3000',
      'app.localhost',
      'api.example.com',
      'API.example.com',
    ])
      t.equal(await statusFor(host, url), 200, `${host} ${url}`)
  }
  const removal = { method: 'DELETE', url: '/dev/mail/messages', headers: { host: 'evil.example' } } as const
  t.equal((await anonymous.request(removal)).status, 404)
})

t.test('there is no inbox with a mail server', async (t) => {
  const testApp = await buildTestApp(t, { config: { SMTP_URL: 'smtp://127.0.0.1:1' } })
  const get = getter(testApp)
  for (const url of ['', '/messages', `/messages/${randomUUID()}`, '/preview', '/preview/verify-email']) {
    t.match(await get(url), { status: 404, body: { code: 'NOT_FOUND' } }, url)
  }
  t.match(await testApp.anonymous.request({ method: 'DELETE', url: '/dev/mail/messages' }), { status: 404 })
})

t.test('the documentation is the same with and without the inbox', async (t) => {
  const { app } = await startWithoutMailServer(t)
  const { paths } = app.swagger() as { paths: object }
  t.strictSame(
    Object.keys(paths).filter((path) => path.startsWith('/dev')),
    [],
  )
})
