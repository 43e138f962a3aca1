import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyInstance } from 'fastify'
import { linkMails } from '../../src/emails/index.js'
import { MailRefused } from '../../src/lib/errors/mail-refused.js'
import devInbox from '../../src/plugins/infra/dev-inbox.js'
import mailer from '../../src/plugins/infra/mailer.js'
import metrics from '../../src/plugins/infra/metrics.js'
import { startMailbox } from '../helpers/mailbox.js'
import { UNMEASURED } from '../helpers/metrics.js'
import t, { type Test } from '../tap.js'

const FROM = 'Example <no-reply@example.com>'
const TO = 'ada@example.com'
const TOKEN = 'a-token-that-opens-something'

const mail = linkMails['verify-email'].write({
  firstName: 'Zoë 美咲 {{7*7}}',
  email: TO,
  link: `https://app.example.com/verify-email?token=${TOKEN}`,
  expiresAt: new Date('2030-01-31T12:00:00Z'),
})

async function startMailer(
  t: Test,
  SMTP_URL: string,
  MAIL_FROM = FROM,
  SMTP_REQUIRE_TLS: 'on' | 'off' = 'off',
): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(metrics, UNMEASURED)
  await app.register(devInbox, { SMTP_URL, DATA_DIR: t.testdir() })
  await app.register(mailer, { SMTP_URL, MAIL_FROM, SMTP_REQUIRE_TLS })
  t.teardown(() => app.close())
  return app
}

/** The error of sending a mail, or undefined. */
const outcome = (app: FastifyInstance, message: Partial<Message> = {}): Promise<Error | undefined> =>
  app.mailer.send({ to: TO, mail, messageId: randomUUID(), ...message }).then(
    () => undefined,
    (error) => error,
  )

type Message = Parameters<FastifyInstance['mailer']['send']>[0]

t.test('a mail arrives as written, from our sender, at one recipient', async (t) => {
  const mailbox = await startMailbox(t)
  const app = await startMailer(t, mailbox.url)
  const messageId = randomUUID()
  t.equal(await outcome(app, { messageId }), undefined)
  const { text, html, headers, headerLines, ...received } = await mailbox.next(TO)
  t.strictSame(received, {
    from: '"Example" <no-reply@example.com>',
    to: TO,
    subject: 'Confirm your e-mail address',
    messageId: `<${messageId}@example.com>`,
    recipients: [TO],
  })
  t.equal(text.trim(), mail.text.trim())
  t.equal(html.trim(), mail.html.trim())
  t.equal(headers.get('auto-submitted'), 'auto-generated')
  t.type(headers.get('date'), Date)
  const names = headerLines.map(({ key }) => key).sort()
  t.strictSame(names, [
    'auto-submitted',
    'content-type',
    'date',
    'from',
    'message-id',
    'mime-version',
    'subject',
    'to',
  ])
})

t.test('sends nothing to a server without encryption when encryption is required', async (t) => {
  const mailbox = await startMailbox(t)
  const app = await startMailer(t, mailbox.url, FROM, 'on')
  const error = await outcome(app)
  t.match(error?.message, /TLS/)
  t.notOk(error instanceof MailRefused, 'can be retried once the server is configured')
  t.strictSame(mailbox.all, [])
})

t.test('reuses connections and closes them with the app', async (t) => {
  const mailbox = await startMailbox(t)
  const app = await startMailer(t, mailbox.url)
  for (let i = 0; i < 5; i += 1) t.equal(await outcome(app), undefined)
  t.equal(mailbox.connections(), 1)
  await app.close()
  await mailbox.isLeft()
  t.type(await outcome(app), Error)
})

t.test('every address that can have an account gets its mail, and no other address does', async (t) => {
  const mailbox = await startMailbox(t)
  const app = await startMailer(t, mailbox.url)
  for (const to of ["o'neil+{{7*7}}@example.com", "!#$%&'*+/=?^_`{|}~-@example.com", 'A.B@sub.example.com']) {
    t.equal(await outcome(app, { to }), undefined, to)
    const { recipients, to: header } = await mailbox.next()
    t.strictSame({ recipients, header }, { recipients: [to], header: to })
  }
})

t.test('a sender whose name looks like a list is one sender', async (t) => {
  const mailbox = await startMailbox(t)
  for (const name of ['Ada, Charles & Co.', 'ada@example.com, Charles & Co.']) {
    for (const from of [`${name} <mail@example.com>`, `"${name}" <mail@example.com>`]) {
      t.equal(await outcome(await startMailer(t, mailbox.url, from)), undefined)
      t.equal((await mailbox.next()).from, `"${name}" <mail@example.com>`)
    }
  }
  t.equal(await outcome(await startMailer(t, mailbox.url, 'mail@example.com')), undefined)
  t.match(await mailbox.next(), { from: 'mail@example.com', messageId: /@example\.com>$/ })
})

t.test('sends nothing unless the recipient is exactly one address', async (t) => {
  const mailbox = await startMailbox(t)
  const app = await startMailer(t, mailbox.url)
  const recipients: unknown[] = [
    'ada@example.com\r\nRCPT TO:<evil@example.com>',
    'ada@example.com\r\nBcc: evil@example.com',
    'ada@example.com\n',
    'ada@example.com,evil@example.com',
    'ada@example.com;evil@example.com',
    'ada@example.com evil@example.com',
    '"a b"@example.com',
    '"evil@example.com"@example.com',
    'Ada <ada@example.com>',
    '<ada@example.com>',
    'list:ada@example.com,evil@example.com;',
    'ada@example.com(comment)',
    'ada@[127.0.0.1]',
    '<>',
    '',
    'ada',
    `${'a'.repeat(64)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example`,
    ['ada@example.com', 'evil@example.com'],
    ['ada@example.com'],
    { name: 'Ada', address: 'ada@example.com' },
    { toString: () => 'ada@example.com' },
    null,
    undefined,
    1,
  ]
  for (const to of recipients) {
    t.type(await outcome(app, { to: to as string }), MailRefused, JSON.stringify(to))
  }
  t.strictSame(mailbox.all, [])
  t.equal(mailbox.connections(), 0)
})

t.test('ignores objects, line breaks and odd ids in a mail', async (t) => {
  const mailbox = await startMailbox(t)
  const app = await startMailer(t, mailbox.url)
  const file = { path: '/etc/passwd' }
  const mails: unknown[] = [
    { ...mail, text: file },
    { ...mail, html: file },
    { ...mail, html: { href: mailbox.url } },
    { ...mail, subject: file },
    { ...mail, subject: 'Hello\r\nBcc: evil@example.com' },
    { ...mail, subject: '' },
  ]
  for (const [i, bad] of mails.entries()) {
    t.type(await outcome(app, { mail: bad as Message['mail'] }), MailRefused, `mail ${i}`)
  }
  for (const messageId of ['a\r\nBcc: evil@example.com', '../../evil', 'a b', '']) {
    t.type(await outcome(app, { messageId }), MailRefused, messageId)
  }
  t.equal(mailbox.connections(), 0)
})

t.test('tells permanent refusals of the server apart from temporary ones', async (t) => {
  const mailbox = await startMailbox(t)
  const patient = await startMailer(t, mailbox.url)
  const hasty = await startMailer(t, `${mailbox.url}?greetingTimeout=200&socketTimeout=200`)
  for (const [behaviour, isForGood] of [
    [{ recipient: 550 }, true],
    [{ data: 554 }, true],
    [{ recipient: 451 }, false],
    [{ data: 451 }, false],
    // A refused sender is a mistake of our configuration, which an operator can fix.
    [{ sender: 550 }, false],
    [{ data: 'silent' }, false],
    [{ greeting: 'silent' }, false],
  ] as const) {
    mailbox.behave(behaviour)
    const error = await outcome(Object.values(behaviour).includes('silent') ? hasty : patient)
    t.equal(error instanceof MailRefused, isForGood, `${JSON.stringify(behaviour)}: ${error}`)
    t.ok(error instanceof Error)
    // A spam filter may quote the mail that it refuses.
    t.notMatch(`${error?.stack} ${JSON.stringify(error)}`, TOKEN)
  }
  t.strictSame(mailbox.all, [])
  mailbox.behave()
  t.equal(await outcome(patient), undefined, 'the same mailer works again with the server')
})

t.test('a mail without a server can be retried', async (t) => {
  const app = await startMailer(t, 'smtp://127.0.0.1:1')
  const error = await outcome(app)
  t.match(error, { message: /ECONNREFUSED/ })
  t.notOk(error instanceof MailRefused)
})
