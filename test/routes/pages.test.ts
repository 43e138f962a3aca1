import type { MailedTokenPurpose } from '../../src/lib/auth/mailed-tokens.js'
import { generateToken } from '../../src/lib/auth/opaque-tokens.js'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import type { Answer, Client } from '../helpers/client.js'
import { connect } from '../helpers/database.js'
import { mailToken } from '../helpers/mailed-token.js'
import { moved, moveEntries } from '../helpers/moved.js'
import t, { type Test } from '../tap.js'

const NEW_PASSWORD = 'marble+otter & 7 % = naïve 🙂'
/** Parameters that mail services and trackers add to links. */
const TRACKED = 'utm_source=mail&mc_eid=1&__proto__=x'

const PATHS = { verify_email: '/verify-email', reset_password: '/reset-password' } as const
const PURPOSES = Object.keys(PATHS) as MailedTokenPurpose[]
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

async function openPages(t: Test) {
  const testApp = await buildTestApp(t)
  const { app, anonymous, database } = testApp
  const sql = connect(t, database.ownerUrl)
  const open = (path: string, token?: string) =>
    anonymous.request({ url: token === undefined ? path : `${path}?${new URLSearchParams({ token })}` })
  const submit = (path: string, fields: Record<string, string>) =>
    anonymous.request({
      method: 'POST',
      url: path,
      headers: FORM,
      payload: new URLSearchParams(fields).toString(),
    })
  const press = (purpose: MailedTokenPurpose, token: string) =>
    submit(PATHS[purpose], { token, ...(purpose === 'reset_password' && passwords(NEW_PASSWORD)) })
  const mailTo = async (purpose: MailedTokenPurpose, email: string, address = email) => {
    const [user] = await sql`select users.id, registrations.id as registration
      from users left join registrations on user_id = users.id where email = ${email}`
    const isRegistration = purpose === 'verify_email' && user?.registration
    const mailed = { userId: user?.id, email: address, purpose }
    return mailToken(app, { ...mailed, ...(isRegistration && { registrationId: user.registration }) })
  }
  return { ...testApp, sql, open, submit, press, mailTo }
}

const passwords = (password: string, passwordRepeat = password) => ({ password, passwordRepeat })

const register = (anonymous: Client, email: string) =>
  anonymous.post('/auth/register', { email, password: PASSWORD, firstName: 'Ada', lastName: 'Test' })

const titleOf = ({ text }: Answer) => /<h1>(.*?)<\/h1>/.exec(text)?.[1]

t.test('opening a link changes nothing, and its button does', async (t) => {
  const { anonymous, sql, open, press, mailTo } = await openPages(t)
  await register(anonymous, 'ada@example.com')
  const tokens = new Map<MailedTokenPurpose, string>()
  for (const purpose of PURPOSES) tokens.set(purpose, await mailTo(purpose, 'ada@example.com'))
  const readTables = async () => {
    await moveEntries(sql)
    const tables = ['users', 'mailed_tokens', 'outbox', 'sessions', 'audit.audit_log']
    return Promise.all(tables.map((table) => sql.unsafe(`select * from ${table}`)))
  }
  const before = await readTables()
  for (const [purpose, token] of tokens) {
    const tracked = await anonymous.request({ url: `${PATHS[purpose]}?${TRACKED}&token=${token}` })
    t.equal(tracked.status, 200, 'parameters of mail services are ignored')
    for (const method of ['GET', 'GET', 'HEAD'] as const) {
      const { status } = await anonymous.request({ method, url: `${PATHS[purpose]}?token=${token}` })
      t.equal(status, 200)
    }
    t.match((await open(PATHS[purpose], token)).text, /ada@example\.com/, 'the page shows the address')
  }
  t.strictSame(await readTables(), before)

  const answer = await press('verify_email', tokens.get('verify_email') ?? '')
  t.match([answer.status, titleOf(answer)], [200, 'Your address is confirmed'])
  t.ok(await anonymous.signIn('ada@example.com', PASSWORD))
})

t.test('one of six buttons pressed at the same time works', async (t) => {
  const { signUp, press, mailTo } = await openPages(t)
  await signUp({ email: 'ada@example.com' })
  for (const purpose of PURPOSES) {
    const token = await mailTo(purpose, 'ada@example.com')
    const answers = await Promise.all(Array.from({ length: 6 }, () => press(purpose, token)))
    t.strictSame(answers.map(({ status }) => status).sort(), [200, 400, 400, 400, 400, 400], purpose)
  }
})

t.test('every invalid link leads to the same page', async (t) => {
  const { signUp, sql, open, press, submit, mailTo } = await openPages(t)
  await signUp({ email: 'ada@example.com' })
  const texts = new Set<string>()
  const refused = (answer: Answer, link: string) => {
    t.equal(answer.status, 400, link)
    texts.add(answer.text)
  }
  for (const purpose of PURPOSES) {
    const other = purpose === 'verify_email' ? 'reset_password' : 'verify_email'
    const expired = await mailTo(purpose, 'ada@example.com')
    await sql`update mailed_tokens set expires_at = now()`
    const voided = await mailTo(purpose, 'ada@example.com')
    const used = await mailTo(purpose, 'ada@example.com')
    t.equal((await press(purpose, used)).status, 200)
    const bad = {
      voided,
      expired,
      used,
      unknown: generateToken(),
      'of another purpose': await mailTo(other, 'ada@example.com'),
      empty: '',
      misshapen: '"><script>alert(1)</script>',
      long: 'x'.repeat(2000),
    }
    for (const [kind, token] of Object.entries(bad)) {
      refused(await open(PATHS[purpose], token), `${kind}, opened`)
      refused(await press(purpose, token), `${kind}, sent`)
    }
    refused(await open(PATHS[purpose]), 'none, opened')
    refused(await submit(PATHS[purpose], purpose === 'verify_email' ? {} : passwords(NEW_PASSWORD)), 'none')
    refused(
      await submit(PATHS.reset_password, { token: used, ...passwords('short') }),
      'used, other mistakes',
    )
  }
  t.equal(texts.size, 1)
  t.match([...texts][0], /This link is no longer valid/)
})

t.test('sets a password that follows the rules and ends every session', async (t) => {
  const { anonymous, signUp, sql, submit, open, mailTo } = await openPages(t)
  const user = await signUp({ email: 'ada.lovelace@example.com' })
  const token = await mailTo('reset_password', 'ada.lovelace@example.com')
  const rules = /12 to 128 characters/
  t.match((await open('/reset-password', token)).text, rules, 'the page states the rules')

  const refusals: [Record<string, string>, RegExp][] = [
    [passwords('quite short'), /too short/],
    [passwords('x'.repeat(129)), /too long/],
    [passwords('iloveyou2024!!'), /too easy to guess: \w+/],
    [passwords('ada.lovelace was here'), /too easy to guess: .*address/],
    [passwords(NEW_PASSWORD, `${NEW_PASSWORD}!`), /differ/],
  ]
  for (const [fields, reason] of refusals) {
    const { status, text } = await submit('/reset-password', { token, ...fields })
    t.equal(status, 400)
    t.match(text, new RegExp(`id="refusal">.*${reason.source}`))
    t.match(text, /<input id="password" .*aria-describedby="rules refusal" aria-invalid="true"/)
    t.match(text, rules)
    t.notMatch(text, fields.password, 'the page does not contain the password')
  }
  t.equal((await user.get('/me')).status, 200)

  const answer = await submit('/reset-password', { token, ...passwords(NEW_PASSWORD) })
  t.match([answer.status, titleOf(answer)], [200, 'Your password is set'])
  t.equal((await user.get('/me')).status, 401)
  t.ok(await anonymous.signIn('ada.lovelace@example.com', NEW_PASSWORD))
  const entries = JSON.stringify(await moved(sql)`select * from audit.audit_log`)
  t.match(entries, /"url":"\/reset-password"/)
  for (const secret of [token, NEW_PASSWORD, encodeURIComponent(NEW_PASSWORD)]) t.notMatch(entries, secret)
})

t.test('users created by an administrator choose their first password', async (t) => {
  const { anonymous, signUp, open, submit, mailTo } = await openPages(t)
  const admin = await signUp({ role: 'super_admin' })
  await admin.post('/users', { email: 'grace@example.com', firstName: 'Grace', lastName: 'Test' })
  const token = await mailTo('reset_password', 'grace@example.com')
  t.equal(titleOf(await open('/reset-password', token)), 'Choose your password')
  t.equal((await submit('/reset-password', { token, ...passwords(PASSWORD) })).status, 200)
  t.ok(await anonymous.signIn('grace@example.com', PASSWORD))
})

t.test('text from users is text on a page, never markup', async (t) => {
  const { signUp, open, mailTo } = await openPages(t)
  const email = "o'brien&co=`{x}`@example.com"
  await signUp({ email })
  for (const purpose of PURPOSES) {
    const { text } = await open(PATHS[purpose], await mailTo(purpose, email))
    t.match(text, 'o&#39;brien&amp;co=`{x}`@example.com')
    t.notMatch(text, "o'brien")
  }
})

t.test('an address that another user got meanwhile stays theirs', async (t) => {
  const { signUp, press, mailTo } = await openPages(t)
  const user = await signUp({ email: 'ada@example.com' })
  const token = await mailTo('verify_email', 'ada@example.com', 'grace@example.com')
  await signUp({ email: 'grace@example.com' })
  const answer = await press('verify_email', token)
  t.match([answer.status, titleOf(answer)], [409, 'This address is taken'])
  t.match((await user.get('/me')).body, { email: 'ada@example.com' })
})

t.test('a page reports a failure without its cause', async (t) => {
  const { anonymous, sql, open, submit } = await openPages(t)
  const post = (payload: string, headers: Record<string, string> = {}) =>
    anonymous.request({ method: 'POST', url: '/verify-email', payload, headers: { ...FORM, ...headers } })
  const token = generateToken()
  const failures: [number, Answer][] = [
    [400, await post(`token=${token}&admin=1`)],
    [400, await submit('/reset-password', { token, password: NEW_PASSWORD })],
    [413, await post(`token=${'x'.repeat(20_000)}`)],
    [415, await post(JSON.stringify({ token }), { 'content-type': 'application/json' })],
    [415, await post(`token=${token}`, { 'content-type': 'text/plain' })],
    [415, await post(`token=${token}`, { 'content-encoding': 'gzip' })],
    [415, await post(`token=${token}`, { 'content-type': `${FORM['content-type']}; charset=utf-7` })],
  ]
  await sql`alter table mailed_tokens rename to gone`
  failures.push([500, await open('/verify-email', token)], [500, await post(`token=${token}`)])
  for (const [status, answer] of failures) {
    t.match([answer.status, answer.headers['content-type']], [status, 'text/html; charset=utf-8'])
    t.match(answer.text, `<code>${answer.headers['x-request-id']}</code>`)
    t.notMatch(answer.text, /mailed_tokens|relation|JSON|schema|admin|at .*:\d+/)
  }
})

t.test('pages are not cached, indexed or documented, and have no inline code', async (t) => {
  const { app, signUp, open, press, mailTo } = await openPages(t)
  await signUp({ email: 'ada@example.com' })
  const { paths } = app.swagger() as unknown as {
    paths: Record<string, Record<string, { operationId: string }>>
  }
  const operations = Object.values(paths).flatMap((path) => Object.values(path))
  for (const purpose of PURPOSES) {
    t.notOk(paths[PATHS[purpose]])
    const token = await mailTo(purpose, 'ada@example.com')
    const answers = [
      await open(PATHS[purpose], token),
      await press(purpose, token),
      await press(purpose, token),
    ]
    for (const { headers, text } of answers) {
      t.match(headers, { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
      t.match(headers['content-security-policy'], /default-src 'none'.*form-action 'self'/)
      t.match(text, /<html lang="en">.*<meta name="robots" content="noindex">.*<main>.*<h1>/s)
      t.notMatch(text, /<script|<style|\sstyle=|\son\w+=|https?:/)
      for (const [, id] of text.matchAll(/\/api-docs#\/Authentication\/(\w+)/g)) {
        t.ok(
          operations.some(({ operationId }) => operationId === id),
          `the documentation contains the linked operation ${id}`,
        )
      }
    }
  }
})

t.test('users request a password link on a page as over the API', async (t) => {
  const { anonymous, signUp, sql, submit, open } = await openPages(t)
  await signUp({ email: 'ada@example.com' })
  t.equal(titleOf(await open('/forgot-password?utm_source=mail')), 'Ask for a new password')
  const answers = [
    await submit('/forgot-password', { email: 'Ada@Example.com' }),
    await submit('/forgot-password', { email: 'nobody@example.com' }),
  ]
  for (const answer of answers) t.match([answer.status, titleOf(answer)], [200, 'Check your mailbox'])
  t.match(answers[0]?.headers['cache-control'], 'no-store')
  const jobs = await sql`select payload->>'email' as email from outbox where job = 'request-password-reset'`
  t.strictSame(jobs.map(({ email }) => email).sort(), ['ada@example.com', 'nobody@example.com'])
  for (const fields of [{ email: '"><script>' }, {}, { email: 'ada@example.com', admin: '1' }]) {
    const refused = await submit('/forgot-password', fields)
    t.match([refused.status, titleOf(refused)], [400, 'Ask for a new password'])
    t.notMatch(refused.text, /<script|admin/)
  }
  t.equal((await anonymous.post('/auth/forgot-password', { email: 'ada@example.com' })).status, 202)
})
