import { sql } from 'drizzle-orm'
import { withActor } from '../../src/lib/audit/context.js'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import { searchAs } from '../helpers/audit-search.js'
import type { Client } from '../helpers/client.js'
import { connect } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { expireInvitations, inAllOrganizations, invitationToken, invite } from '../helpers/invitations.js'
import { UNKNOWN_ID } from '../helpers/operations.js'
import { addMember, createOrganization } from '../helpers/organizations.js'
import { findMistake } from '../helpers/problems.js'
import { recordedRequests } from '../helpers/recorded-requests.js'
import t from '../tap.js'

const { app, database, anonymous, signUp } = await buildTestApp(t)
const admin = await signUp({ role: 'super_admin' })
const recorded = recordedRequests(app, admin)

let count = 0
const newAddress = () => {
  count += 1
  return `invited-${count}@example.com`
}

const accept = (token: string, client = anonymous) =>
  client.post('/invitations/accept', { token, password: PASSWORD, firstName: 'New', lastName: 'One' })

async function prepare() {
  const ada = await signUp()
  const organization = await createOrganization(ada)
  const path = `${organization.path}/invitations`
  const emails = async (client = ada) =>
    (await client.get(`${path}?sort=email`)).body.data.map(({ email }: { email: string }) => email)
  return { ada, organization, path, emails }
}

const INVALID = { status: 400, body: { code: 'INVALID_TOKEN' } }

t.test('an org_admin invites, lists and revokes', async (t) => {
  const { ada, path } = await prepare()
  const { status, headers, body } = await ada.post(path, { email: 'Grace@Example.com', role: 'org_admin' })
  t.equal(status, 201)
  t.notOk(headers.location, 'an invitation has no Location')
  t.strictSame(Object.keys(body).sort(), ['createdAt', 'email', 'expiresAt', 'id', 'role'])
  t.match(body, { email: 'grace@example.com', role: 'org_admin' })
  t.equal(Date.parse(body.expiresAt) - Date.parse(body.createdAt), 7 * 86_400_000)

  const later = (await ada.post(path, { email: 'a@example.com', role: 'member' })).body
  t.strictSame((await ada.get(path)).body, { data: [later, body], nextCursor: null })
  for (const sort of ['email', '-email', 'createdAt', '-createdAt', 'expiresAt', '-expiresAt']) {
    const [whole, first] = [
      await ada.get(`${path}?sort=${sort}`),
      await ada.get(`${path}?sort=${sort}&limit=1`),
    ]
    const second = await ada.get(`${path}?sort=${sort}&limit=1&cursor=${first.body.nextCursor}`)
    t.strictSame([...first.body.data, ...second.body.data], whole.body.data, sort)
  }
  t.match(await ada.delete(`${path}/${body.id}`), { status: 204, text: '' })
  t.equal((await ada.delete(`${path}/${body.id}`)).status, 404)
  t.strictSame((await ada.get(path)).body.data, [later])
  t.match(await accept(invitationToken(body.id)), INVALID)
  for (const role of ['super_admin', 'owner', '', null, ['member']])
    t.equal((await ada.post(path, { email: 'b@example.com', role })).status, 400)
})

t.test('members invite no one, and invitations of other organizations do not exist for them', async (t) => {
  const { ada, organization, path, emails } = await prepare()
  const { id } = (await ada.post(path, { email: newAddress(), role: 'member' })).body
  const member = await addMember(app, organization, await signUp())
  const { ada: mallory, path: foreign } = await prepare()
  const tries = (client: Client, at: string) => [
    client.get(at),
    client.post(at, { email: newAddress(), role: 'member' }),
    client.delete(`${at}/${id}`),
  ]
  for (const answer of await Promise.all(tries(member, path)))
    t.equal(findMistake(answer, { status: 403, code: 'FORBIDDEN' }), undefined)
  const [absent] = await Promise.all(tries(mallory, `/organizations/${UNKNOWN_ID}/invitations`))
  for (const answer of await Promise.all(tries(mallory, path)))
    t.match(answer, { status: 404, body: { ...absent?.body, requestId: String } })
  t.equal(
    (await mallory.delete(`${foreign}/${id}`)).status,
    404,
    'an invitation of another organization cannot be revoked through the own one',
  )
  t.strictSame((await mallory.get(foreign)).body.data, [])
  t.equal((await emails()).length, 1)
  t.strictSame(await emails(admin), await emails(), 'a super_admin lists the invitations')
})

t.test('a member cannot be invited, in any spelling of the address', async (t) => {
  const { ada, organization, path, emails } = await prepare()
  const grace = await signUp({ email: newAddress() })
  const older = await invite(ada, organization, String(grace.user?.email))
  await addMember(app, organization, grace)
  for (const client of [ada, grace]) {
    const email = String(client.user?.email).toUpperCase()
    t.match(await ada.post(path, { email, role: 'org_admin' }), {
      status: 409,
      body: { code: 'ALREADY_MEMBER' },
    })
  }
  t.strictSame(await emails(), [grace.user?.email], 'a refused invitation leaves the older one')
  t.match(await grace.post('/invitations/accept', { token: older }), {
    status: 200,
    body: { role: 'member' },
  })
  t.equal((await grace.get(path)).status, 403, 'accepting does not change the role of a member')
})

t.test('inviting again invalidates the older link, also when two do so at once', async (t) => {
  const { ada, path, emails } = await prepare()
  const email = newAddress()
  const older = (await ada.post(path, { email, role: 'member' })).body
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => ada.post(path, { email, role: 'org_admin' })),
  )
  t.strictSame(
    answers.map(({ status }) => status),
    [201, 201, 201, 201, 201],
  )
  t.strictSame(await emails(), [email])
  const [left] = (await ada.get(path)).body.data
  t.match(await accept(invitationToken(older.id)), INVALID)
  for (const { body } of answers)
    if (body.id !== left.id) t.match(await accept(invitationToken(body.id)), INVALID)
  t.match(await accept(invitationToken(left.id)), { status: 200, body: { role: 'org_admin' } })
})

t.test("an invitation ends with its organization and with its inviter's permission to invite", async (t) => {
  const ends: Record<string, (inviter: Client, path: string, other: Client) => Promise<unknown>> = {
    demoted: ({ user }, path, other) => other.patch(`${path}/members/${user?.id}`, { role: 'member' }),
    removed: ({ user }, path, other) => other.delete(`${path}/members/${user?.id}`),
    gone: (inviter, path) => inviter.delete(`${path}/members/${inviter.user?.id}`),
    disabled: ({ user }) => admin.patch(`/users/${user?.id}`, { status: 'disabled' }),
    deleted: ({ user }) => admin.delete(`/users/${user?.id}`),
  }
  for (const [how, end] of Object.entries(ends)) {
    const { ada, organization, path, emails } = await prepare()
    const other = await addMember(app, organization, await signUp(), 'org_admin')
    const tokens = [
      await invite(ada, organization, newAddress(), 'org_admin'),
      await invite(ada, organization, newAddress()),
    ]
    const stays = newAddress()
    const token = await invite(other, organization, stays)
    await end(ada, organization.path, other)
    for (const dead of tokens) t.match(await accept(dead), INVALID, how)
    t.strictSame(await emails(other), [stays], how)
    t.match(await accept(token), { status: 200 }, how)
    t.equal((await other.get(path)).status, 200)
  }
  const { ada, organization } = await prepare()
  const token = await invite(ada, organization, newAddress())
  t.equal((await ada.delete(organization.path)).status, 204)
  t.match(await accept(token), INVALID)
})

t.test("a super_admin's invitation holds while they have that role", async (t) => {
  const { organization, emails, ada } = await prepare()
  const other = await signUp({ role: 'super_admin' })
  const [now, later] = [newAddress(), newAddress()]
  t.match(await accept(await invite(other, organization, now, 'org_admin')), { status: 200 })
  const token = await invite(other, organization, later)
  await admin.patch(`/users/${other.user?.id}`, { role: 'user' })
  t.match(await accept(token), INVALID)
  t.strictSame(await emails(ada), [])
})

t.test('no invitation is accepted once the demotion of its inviter is answered', async (t) => {
  const { ada, organization } = await prepare()
  await addMember(app, organization, await signUp(), 'org_admin')
  const token = await invite(ada, organization, newAddress(), 'org_admin')
  const observer = connect(t, database.adminUrl)
  const waiting = await withActor('cli:test', () =>
    app.db.transaction(async (tx) => {
      await tx.execute(sql`select set_config('app.scope', 'platform', true)`)
      await tx.execute(sql`update memberships set role = 'member' where user_id = ${ada.user?.id}`)
      const answer = accept(token)
      await eventually(async () => {
        const [row] = await observer`select count(*)::int as count from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`
        return row?.count === 1
      })
      return { answer }
    }),
  )
  t.match(await waiting.answer, INVALID)
})

t.test('an expired invitation is not listed and cannot be accepted', async (t) => {
  const { ada, organization, emails } = await prepare()
  const token = await invite(ada, organization, newAddress())
  await expireInvitations(app)
  t.strictSame(await emails(), [])
  t.match(await accept(token), INVALID)
})

t.test('inviting, revoking and accepting are recorded for the organization', async (t) => {
  const { ada, organization, path } = await prepare()
  const email = newAddress()
  const revoked = (await ada.post(path, { email, role: 'member' })).body
  await ada.delete(`${path}/${revoked.id}`)
  const { id } = (await ada.post(path, { email, role: 'member' })).body
  const { headers } = await accept(invitationToken(id))
  const grace = await anonymous.signIn(email, PASSWORD)
  const events = await recorded({ userId: String(ada.user?.id) })
  t.strictSame(events.map(({ event }) => event).filter(Boolean), [
    'member_invited',
    'invitation_revoked',
    'member_invited',
  ])
  const requestId = String(headers['x-request-id'])
  t.match(await recorded({ requestId }), [{ event: 'invitation_accepted', subjectId: grace.user?.id }])
  const entries = await searchAs(admin)({ organizationId: organization.id, tableName: 'invitations' })
  t.match(
    entries.map(({ action, objectId }) => [action, objectId]),
    [
      ['delete', id],
      ['create', id],
      ['delete', revoked.id],
      ['create', revoked.id],
    ],
  )
  t.match(entries[1]?.stateAfter, { email, role: 'member', tokenHash: '[redacted]' })
  const ofAccept = await searchAs(admin)({ requestId, sort: 'createdAt' })
  t.strictSame(ofAccept.map(({ tableName, action }) => `${tableName} ${action}`).sort(), [
    'invitations delete',
    'memberships create',
    'users create',
  ])
  const stored = JSON.stringify(await inAllOrganizations(app, sql`select i::text from invitations i`))
  t.notMatch(stored, invitationToken(id))
})

t.test('limits the mails by account and by mailbox', async (t) => {
  const limited = await buildTestApp(t, { config: { RATE_LIMIT: 'on' } })
  const ada = await limited.signUp()
  const organization = await createOrganization(ada)
  const path = `${organization.path}/invitations`
  const first = await ada.post(path, { email: 'one@example.com', role: 'member' })
  t.equal(first.headers['ratelimit-policy'], '"invitations";q=100;w=3600, "invitations-email";q=10;w=3600')
  for (let i = 1; i < 10; i += 1) await ada.post(path, { email: 'One@Example.com', role: 'member' })
  t.match(await ada.post(path, { email: 'one@example.com', role: 'member' }), {
    status: 429,
    body: { code: 'RATE_LIMITED' },
  })
  t.equal((await ada.post(path, { email: 'two@example.com', role: 'member' })).status, 201)
  const answer = await limited.anonymous.post('/invitations/accept', { token: invitationToken(UNKNOWN_ID) })
  t.match(answer, { status: 400, headers: { 'ratelimit-policy': '"mailed-token";q=20;w=60' } })
})
