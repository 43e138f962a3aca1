import { PRODUCT } from '../../src/lib/product.js'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import { connect } from '../helpers/database.js'
import { formOf, openInvitation, submitInvitation } from '../helpers/invitations.js'
import { jobsAreDone } from '../helpers/jobs.js'
import { startMailbox } from '../helpers/mailbox.js'
import { startOnboarding } from '../helpers/onboarding.js'
import { createOrganization } from '../helpers/organizations.js'
import { startTestWorker } from '../helpers/worker.js'
import t from '../tap.js'

const GRACE = 'grace@example.com'
const ACCOUNT = { password: PASSWORD, firstName: 'Grace', lastName: 'Hopper' }
const PUBLIC_URL = 'https://api.example.com'

t.test('a person is invited by mail, opens an account and works in the organization', async (t) => {
  const { anonymous, signUp, mailbox, nextToken } = await startOnboarding(t, { config: { PUBLIC_URL } })
  const ada = await signUp()
  const organization = await createOrganization(ada, 'Analytical Engines')
  // Headers of the request must not change where the link leads.
  const evil = {
    host: 'evil.example',
    forwarded: 'host=evil.example;proto=http',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'http',
  }
  const path = `${organization.path}/invitations`
  t.equal((await ada.post(path, { email: 'Grace@Example.com', role: 'member' }, evil)).status, 201)
  const mail = await mailbox.next(GRACE)
  t.strictSame(mail.recipients, [GRACE])
  t.match(mail, { subject: 'You have been invited to an organization', text: /^Hello,\n/ })
  t.match(
    mail.text,
    `Ada Test has invited you to the organization “Analytical Engines” at ${PRODUCT.title}, as a member.`,
  )
  for (const part of [mail.text, mail.html]) {
    t.match(part, /https:\/\/api\.example\.com\/accept-invitation\?token=[\w-]{43}/)
    t.notMatch(part, /evil/)
  }

  await ada.post(path, { email: GRACE, role: 'org_admin' })
  const token = await nextToken(GRACE)
  const [, older = ''] = /token=([\w-]+)/.exec(mail.text) ?? []
  t.not(token, older)
  t.equal((await openInvitation(anonymous, older)).status, 400, 'the older link is void')
  t.match((await openInvitation(anonymous, token)).text, /Analytical Engines/)
  t.equal((await submitInvitation(anonymous, { token, ...formOf(ACCOUNT) })).status, 200)
  const grace = await anonymous.signIn(GRACE, PASSWORD)
  t.match((await grace.get(`${organization.path}/members?sort=createdAt`)).body.data, [
    { userId: ada.user?.id, role: 'org_admin' },
    { userId: grace.user?.id, email: GRACE, firstName: 'Grace', role: 'org_admin' },
  ])

  const other = await createOrganization(ada, 'evil.example/win')
  await ada.post(`${other.path}/invitations`, { email: GRACE, role: 'member' })
  const second = await mailbox.next(GRACE)
  t.ok(
    second.text.startsWith(`Hello Grace,\n\nAda Test has invited you to an organization at ${PRODUCT.title}`),
  )
  t.notMatch(second.text + second.html, /evil/, 'the name cannot carry a message')
  const [, next = ''] = /token=([\w-]+)/.exec(second.text) ?? []
  t.match(await grace.post('/invitations/accept', { token: next }), { status: 200, body: { role: 'member' } })
  t.equal(mailbox.all.length, 3)
})

t.test('neither an address nor a name can split a mail or add headers to it', async (t) => {
  const { signUp, mailbox } = await startOnboarding(t)
  const ada = await signUp()
  const { path } = await createOrganization(ada)
  for (const email of [
    'a@b.example\r\nRCPT TO:<evil@example.com>',
    'a@b.example, evil@example.com',
    '"a b"@b.example',
    '<evil@example.com>',
    'Evil <evil@example.com>',
    ['a@b.example', 'evil@example.com'],
    { address: 'evil@example.com' },
  ])
    t.equal((await ada.post(`${path}/invitations`, { email, role: 'member' })).status, 400)
  t.equal((await ada.post('/organizations', { name: 'A\r\nBcc: evil@example.com' })).status, 400)
  for (const name of ['Bcc: evil@example.com', 'A, evil@example.com', '=?utf-8?q?=0D=0ABcc:_evil?=']) {
    t.equal((await ada.patch(path, { name })).status, 200)
    const email = "o'brien+x@example.com"
    await ada.post(`${path}/invitations`, { email, role: 'member' })
    const { recipients, to, subject, headers } = await mailbox.next(email)
    t.strictSame([recipients, to, subject], [[email], email, 'You have been invited to an organization'])
    t.notMatch([...headers.keys()].join(), /bcc|cc/)
  }
  t.equal(mailbox.all.length, 3)
})

t.test('sends no mail for an invitation that was revoked or repeated meanwhile', async (t) => {
  const mailbox = await startMailbox(t)
  const testApp = await buildTestApp(t, { config: { SMTP_URL: mailbox.url } })
  const ada = await testApp.signUp()
  const { path } = await createOrganization(ada)
  const invite = async (email: string) =>
    (await ada.post(`${path}/invitations`, { email, role: 'member' })).body.id
  await ada.delete(`${path}/invitations/${await invite('revoked@example.com')}`)
  await invite('twice@example.com')
  await invite('twice@example.com')
  await invite('last@example.com')
  await startTestWorker(t, testApp)
  const sql = connect(t, testApp.database.ownerUrl)
  await jobsAreDone(sql)
  const recipients = mailbox.all.flatMap((mail) => mail.recipients)
  t.strictSame(recipients.sort(), ['last@example.com', 'twice@example.com'])
})
