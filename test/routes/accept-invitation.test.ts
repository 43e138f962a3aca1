import type { MailedTokenPurpose } from '../../src/lib/auth/mailed-tokens.js'
import { generateToken } from '../../src/lib/auth/opaque-tokens.js'
import type { OrganizationRole } from '../../src/lib/auth/roles.js'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import type { Answer, Client } from '../helpers/client.js'
import { connect } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import {
  expireInvitations,
  formOf,
  invite,
  openInvitation,
  submitInvitation,
} from '../helpers/invitations.js'
import { mailToken } from '../helpers/mailed-token.js'
import { moved } from '../helpers/moved.js'
import { createOrganization } from '../helpers/organizations.js'
import { findMistake } from '../helpers/problems.js'
import t from '../tap.js'

const NEW_PASSWORD = 'marble+otter & 7 % = naïve 🙂'
const ACCOUNT = { password: NEW_PASSWORD, firstName: 'Grace', lastName: 'Hopper' }

const { app, database, anonymous, signUp } = await buildTestApp(t)
const owner = connect(t, database.ownerUrl)
const admin = await signUp({ role: 'super_admin' })
const ada = await signUp()
const organization = await createOrganization(ada, 'Analytical Engines')

let count = 0
const newAddress = () => {
  count += 1
  return `grace-${count}@example.com`
}

const inviteTo = (email: string, role?: OrganizationRole) => invite(ada, organization, email, role)

const accept = (token: string, fields: Partial<typeof ACCOUNT> = {}, client = anonymous) =>
  client.post('/invitations/accept', { token, ...fields })

const titleOf = ({ text }: Answer) => /<h1>(.*?)<\/h1>/.exec(text)?.[1]
const isMember = async (client: Client) => (await client.get(organization.path)).status === 200

t.test('callers without an account open one, and the token stays valid until it is complete', async (t) => {
  const email = newAddress()
  const token = await inviteTo(email, 'org_admin')
  const refused = { status: 400, code: 'VALIDATION_FAILED' }
  const incomplete: [Partial<typeof ACCOUNT>, string[]][] = [
    [{}, ['password', 'firstName', 'lastName']],
    [{ password: NEW_PASSWORD }, ['firstName', 'lastName']],
    [{ firstName: 'Grace', lastName: 'Hopper' }, ['password']],
    [{ ...ACCOUNT, password: 'short' }, ['password']],
  ]
  for (const [fields, paths] of incomplete)
    t.equal(findMistake(await accept(token, fields), { ...refused, paths }), undefined, paths.join())
  for (const password of ['iloveyou2024!!', `${email.split('@')[0]} was here`])
    t.match(await accept(token, { ...ACCOUNT, password }), {
      status: 400,
      body: { code: 'PASSWORD_TOO_COMMON' },
    })

  const { status, body } = await accept(token, ACCOUNT)
  const own = { id: organization.id, name: 'Analytical Engines', role: 'org_admin' }
  t.match({ status, body }, { status: 200, body: { organization: own, role: 'org_admin' } })
  const grace = await anonymous.signIn(email, NEW_PASSWORD)
  t.match((await grace.get('/me')).body, {
    firstName: 'Grace',
    lastName: 'Hopper',
    status: 'active',
    role: 'user',
    emailVerifiedAt: String,
  })
  t.strictSame((await grace.get(organization.path)).body, body.organization)
})

t.test('an existing account joins: its password stays, and a new one is refused', async (t) => {
  const email = newAddress()
  const grace = await signUp({ email })
  const token = await inviteTo(email.toUpperCase())
  for (const fields of [ACCOUNT, { password: NEW_PASSWORD }, { firstName: 'X' }])
    t.match(await accept(token, fields), { status: 409, body: { code: 'EMAIL_TAKEN' } })
  t.match(await accept(token), { status: 200, body: { role: 'member' } })
  t.match((await grace.get('/me')).body, { firstName: 'Ada' }, 'the session and the names stay')
  t.ok(await isMember(grace))
  t.ok(await anonymous.signIn(email, PASSWORD))
})

t.test('refuses callers signed in as someone else, and treats an invalid token as none', async (t) => {
  const [grace, mallory] = [await signUp({ email: newAddress() }), await signUp()]
  const forGrace = await inviteTo(String(grace.user?.email))
  const forNobody = await inviteTo(newAddress())
  for (const token of [forGrace, forNobody]) {
    const answer = await accept(token, token === forNobody ? ACCOUNT : {}, mallory)
    t.equal(findMistake(answer, { status: 403, code: 'INVITATION_FOR_ANOTHER' }), undefined)
  }
  t.notOk(await isMember(mallory))
  t.match(await accept(generateToken(), {}, mallory), { status: 400, body: { code: 'INVALID_TOKEN' } })
  t.match(await accept(forGrace, {}, grace), { status: 200 })
  const [entry] = await moved(owner)`select user_id, actor from audit.audit_log
    where table_name = 'memberships' and state_after ->> 'user_id' = ${String(grace.user?.id)}`
  t.strictSame({ ...entry }, { user_id: grace.user?.id, actor: 'user' })

  await mallory.post('/auth/logout')
  const { accessToken } = mallory.user ?? {}
  for (const authorization of ['Bearer junk', `Bearer ${accessToken}`, `Basic ${accessToken}`, 'Bearer']) {
    const token = await inviteTo(newAddress())
    const answer = await anonymous.post('/invitations/accept', { token, ...ACCOUNT }, { authorization })
    t.equal(answer.status, 200, authorization)
  }
})

t.test('an earlier unproven registration of the address gains nothing when its owner accepts', async (t) => {
  const email = newAddress()
  const mallory = await signUp({ email, password: PASSWORD })
  await owner`update users set status = 'pending', email_verified_at = null where email = ${email}`
  const id = String(mallory.user?.id)
  // As if a session had survived that change.
  await owner`update sessions set ended_at = null where user_id = ${id}`
  const links: [MailedTokenPurpose, string, object][] = [
    ['verify_email', '/auth/verify-email', {}],
    ['reset_password', '/auth/reset-password', { password: 'chosen by an attacker' }],
  ]
  const mailed = await Promise.all(links.map(([purpose]) => mailToken(app, { userId: id, email, purpose })))
  const token = await inviteTo(email)
  t.match(
    await accept(token),
    { status: 400, body: { code: 'VALIDATION_FAILED' } },
    'an unproven registration is not an account',
  )
  t.match(await accept(token, ACCOUNT), { status: 200 })

  t.equal((await mallory.get('/me')).status, 401)
  const { refreshToken } = mallory.user ?? {}
  t.equal((await anonymous.post('/auth/refresh', { refreshToken: String(refreshToken) })).status, 401)
  t.equal((await anonymous.post('/auth/login', { email, password: PASSWORD })).status, 401)
  for (const [i, [, path, fields]] of links.entries())
    t.match(await anonymous.post(path, { token: mailed[i], ...fields }), { body: { code: 'INVALID_TOKEN' } })
  const grace = await anonymous.signIn(email, NEW_PASSWORD)
  t.match((await grace.get('/me')).body, { id, firstName: 'Grace', lastName: 'Hopper', status: 'active' })
})

t.test('an account that its owner confirms at the same moment keeps its password', async (t) => {
  const email = newAddress()
  await anonymous.post('/auth/register', { email, password: PASSWORD, firstName: 'Own', lastName: 'Name' })
  const token = await inviteTo(email)
  const observer = connect(t, database.adminUrl)
  const waiting = await owner.begin(async (confirming) => {
    await confirming`update users set status = 'active', email_verified_at = now(),
      password_hash = (select password_hash from registrations where user_id = users.id) where email = ${email}`
    const answer = accept(token, ACCOUNT)
    await eventually(async () => {
      const [row] = await observer`select count(*)::int as count from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`
      return row?.count === 1
    })
    return { answer }
  })
  t.match(await waiting.answer, { status: 409, body: { code: 'EMAIL_TAKEN' } })
  t.match((await (await anonymous.signIn(email, PASSWORD)).get('/me')).body, { firstName: 'Own' })
  t.equal((await accept(token)).status, 200, 'the invitation is not consumed')
})

t.test('a disabled account stays closed and the invitation open', async (t) => {
  const email = newAddress()
  const grace = await signUp({ email })
  const token = await inviteTo(email)
  await admin.patch(`/users/${grace.user?.id}`, { status: 'disabled' })
  for (const answer of [await accept(token), await accept(token, ACCOUNT)])
    t.equal(findMistake(answer, { status: 403, code: 'ACCOUNT_DISABLED' }), undefined)
  for (const answer of [await openInvitation(anonymous, token), await submitInvitation(anonymous, { token })])
    t.match([answer.status, answer.text], [403, /This account is disabled/])
  await admin.patch(`/users/${grace.user?.id}`, { status: 'active' })
  t.match(await accept(token), { status: 200 })
})

t.test('one of six concurrent acceptances succeeds', async (t) => {
  const known = newAddress()
  await signUp({ email: known })
  const six = async (token: string, use: (token: string) => Promise<Answer>) => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => use(token)))
    return answers.map(({ status }) => status).sort()
  }
  const once = [200, 400, 400, 400, 400, 400]
  t.strictSame(await six(await inviteTo(known), (token) => accept(token)), once)
  t.strictSame(
    await six(await inviteTo(newAddress()), (token) =>
      submitInvitation(anonymous, { token, ...formOf(ACCOUNT) }),
    ),
    once,
  )
  // The first request opens the account; concurrent ones are refused for that or for the used
  // token.
  const statuses = await six(await inviteTo(newAddress()), (token) => accept(token, ACCOUNT))
  t.strictSame(
    statuses.filter((status) => status === 200),
    [200],
  )
  t.strictSame(
    statuses.filter((status) => ![200, 400, 409].includes(status)),
    [],
  )
})

t.test('two organizations at once create one account, and both get a member', async (t) => {
  const email = newAddress()
  const other = await createOrganization(ada)
  const tokens = [await inviteTo(email), await invite(ada, other, email)]
  const answers = await Promise.all(tokens.map((token) => accept(token, ACCOUNT)))
  t.ok(answers.every(({ status }) => [200, 409].includes(status)))
  for (const [i, { status }] of answers.entries())
    if (status === 409) t.equal((await accept(tokens[i] ?? '')).status, 200)
  const grace = await anonymous.signIn(email, NEW_PASSWORD)
  t.equal((await grace.get('/organizations')).body.data.length, 2)
})

t.test('every token that does not open an invitation gets the same answer', async (t) => {
  const grace = await signUp({ email: newAddress() })
  const user = { userId: String(grace.user?.id), email: String(grace.user?.email) }
  const expired = await inviteTo(newAddress())
  await expireInvitations(app)
  const [used, voided] = [await inviteTo(newAddress()), await inviteTo('void@example.com')]
  await inviteTo('void@example.com')
  t.equal((await accept(used, ACCOUNT)).status, 200)
  const { data } = (await ada.get(`${organization.path}/invitations`)).body
  const revoked = await inviteTo(newAddress())
  const [{ id }] = (await ada.get(`${organization.path}/invitations?sort=-createdAt&limit=1`)).body.data
  await ada.delete(`${organization.path}/invitations/${id}`)
  const bad = {
    unknown: generateToken(),
    expired,
    used,
    voided,
    revoked,
    'of its id': data[0].id,
    'to verify': await mailToken(app, { ...user, purpose: 'verify_email' }),
    'to reset': await mailToken(app, { ...user, purpose: 'reset_password' }),
  }
  const [answers, pages] = [new Set<string>(), new Set<string>()]
  for (const [kind, token] of Object.entries(bad)) {
    for (const fields of [{}, ACCOUNT]) {
      const { status, body } = await accept(token, fields)
      t.match([status, body.code], [400, 'INVALID_TOKEN'], kind)
      answers.add(JSON.stringify({ ...body, requestId: '' }))
    }
    for (const page of [
      await openInvitation(anonymous, token),
      await submitInvitation(anonymous, { token }),
      await submitInvitation(anonymous, { token, ...formOf(ACCOUNT) }),
    ]) {
      t.match([page.status, titleOf(page)], [400, 'This link is no longer valid'], kind)
      pages.add(page.text)
    }
  }
  t.strictSame([answers.size, pages.size], [1, 1])
  const live = await inviteTo(user.email)
  for (const path of ['/auth/verify-email', '/auth/reset-password']) {
    const fields = path.includes('reset') ? { password: NEW_PASSWORD } : {}
    t.match(await anonymous.post(path, { token: live, ...fields }), { body: { code: 'INVALID_TOKEN' } })
  }
  t.equal((await anonymous.post('/auth/refresh', { refreshToken: live })).status, 401)
  t.equal((await accept(live)).status, 200)
})
