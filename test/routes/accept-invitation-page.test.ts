import { sql } from 'drizzle-orm'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import type { Answer } from '../helpers/client.js'
import {
  formOf,
  inAllOrganizations,
  invite,
  openInvitation,
  submitInvitation,
} from '../helpers/invitations.js'
import { createOrganization } from '../helpers/organizations.js'
import t, { type Test } from '../tap.js'

const NEW_PASSWORD = 'marble+otter & 7 % = naïve 🙂'
const ACCOUNT = { password: NEW_PASSWORD, firstName: 'Grace', lastName: 'Hopper' }

const { app, anonymous, signUp } = await buildTestApp(t)
const ada = await signUp()
const organization = await createOrganization(ada, 'Tom & <b>Ada</b>')

const open = (token: string, method: 'GET' | 'HEAD' = 'GET') => openInvitation(anonymous, token, method)
const submit = (fields: Record<string, string>, type?: string) => submitInvitation(anonymous, fields, type)
const withAccount = (fields: Partial<typeof ACCOUNT> = {}) => formOf({ ...ACCOUNT, ...fields })
const titleOf = ({ text }: Answer) => /<h1>(.*?)<\/h1>/.exec(text)?.[1]

async function isMember(email: string, password: string): Promise<boolean> {
  const client = await anonymous.signIn(email, password)
  return (await client.get(organization.path)).status === 200
}

async function readTables() {
  const tables = ['users', 'sessions', 'outbox', 'invitations', 'memberships', 'audit.audit_log']
  await app.db.execute(sql`select audit.move_entries()`)
  return Promise.all(tables.map((table) => inAllOrganizations(app, sql.raw(`select * from ${table}`))))
}

/** Checks headers and markup; test/browser/pages.test.ts uses a browser. */
const checkFrame = (t: Test, { headers, text }: Answer) => {
  t.match(headers, { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
  t.match(
    headers['content-security-policy'],
    /default-src 'none'.*form-action 'self'.*frame-ancestors 'none'/,
  )
  t.notMatch(text, /<script|<style|\sstyle=|\son\w+=|https?:|<b>/)
}

t.test(
  'the page asks for missing data, shows mistakes at their fields, and changes nothing when opened',
  async (t) => {
    const email = 'grace@example.com'
    const token = await invite(ada, organization, email, 'org_admin')
    const before = await readTables()
    for (const method of ['GET', 'HEAD', 'GET'] as const) t.equal((await open(token, method)).status, 200)
    const page = await open(token)
    t.match(page.text, /Tom &amp; &lt;b&gt;Ada&lt;\/b&gt;<\/strong> as an administrator/)
    t.match(page.text, email)
    t.strictSame(
      [...page.text.matchAll(/<input[^>]* name="(\w+)"/g)].map(([, name]) => name),
      ['token', 'firstName', 'lastName', 'password', 'passwordRepeat'],
    )
    checkFrame(t, page)

    const refusals: [Record<string, string>, string, RegExp][] = [
      [withAccount({ firstName: '' }), 'firstName', /Enter a name/],
      [withAccount({ lastName: 'x'.repeat(101) }), 'lastName', /Enter a name/],
      [withAccount({ password: 'quite short' }), 'password', /too short/],
      [withAccount({ password: 'iloveyou2024!!' }), 'password', /too easy to guess/],
      [{ ...withAccount(), passwordRepeat: 'another one' }, 'password', /differ/],
      [{}, 'password', /Choose a password/],
    ]
    for (const [fields, field, words] of refusals) {
      const answer = await submit({ token, ...fields })
      t.match([answer.status, answer.text], [400, words])
      t.match(answer.text, new RegExp(`<input id="${field}" .*aria-invalid="true"`))
      if (fields.firstName) t.match(answer.text, 'value="Grace"')
      t.notMatch(answer.text, fields.password || NEW_PASSWORD, 'the page does not contain the password')
      checkFrame(t, answer)
    }
    t.strictSame(await readTables(), before)
    const odd = [await submit({ token, ...withAccount(), admin: '1' }), await submit({ token }, 'text/plain')]
    for (const answer of odd)
      t.match([answer.status, titleOf(answer)], [/400|415/, /not complete|cannot be read/])

    const done = await submit({ token, ...withAccount() })
    t.match([done.status, titleOf(done)], [200, 'You have joined'])
    checkFrame(t, done)
    t.ok(await isMember(email, NEW_PASSWORD))
    await app.db.execute(sql`select audit.move_entries()`)
    const entries = JSON.stringify(
      await inAllOrganizations(app, sql`select * from audit.audit_log where url = '/accept-invitation'`),
    )
    t.match(entries, /"body"/)
    for (const secret of [token, NEW_PASSWORD, encodeURIComponent(NEW_PASSWORD)]) t.notMatch(entries, secret)
  },
)

t.test('with an account the page has a button and no fields', async (t) => {
  const email = 'known@example.com'
  const token = await invite(ada, organization, email)
  await signUp({ email })
  const page = await open(token)
  t.match([page.status, page.text], [200, /the address of your account/])
  t.notMatch(page.text, /password/i)
  const late = await submit({ token, ...withAccount() })
  t.match([late.status, titleOf(late)], [400, 'You have been invited'], 'the account was opened meanwhile')
  t.notMatch(late.text, /password/i)
  t.equal(titleOf(await submit({ token })), 'You have joined')
  t.ok(await isMember(email, PASSWORD))
})
