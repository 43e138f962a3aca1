import { openListener } from '../../src/db/driver/listener.js'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import type { Client } from '../helpers/client.js'
import { createTestDatabase } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { startOnboarding } from '../helpers/onboarding.js'
import { createOrganization } from '../helpers/organizations.js'
import { behindPgBouncer, NO_PGBOUNCER, NO_STATEMENTS } from '../helpers/pgbouncer.js'
import t, { type Test } from '../tap.js'

const skip = NO_PGBOUNCER

/**
 * One connection to PostgreSQL for all clients, so that the next one finds whatever a client leaves
 * on it.
 */
const openPooled = async (t: Test, connections = 1) =>
  behindPgBouncer(t, await createTestDatabase(t), { connections })

const times = <T>(count: number, work: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, i) => work(i)))

t.test('a change through a pooler has an entry with its actor', { skip }, async (t) => {
  const database = await openPooled(t)
  const { app, signUp } = await buildTestApp(t, { database })
  const [admin, ...users] = [await signUp({ role: 'super_admin' }), await signUp(), await signUp()]
  await times(20, async (i) => {
    const answer = await (users[i % 2] as Client).patch('/me', { firstName: `Name ${i}` })
    t.equal(answer.status, 200, answer.text)
  })
  for (const { user } of users) {
    const { data } = (await admin.get(`/audit-logs?tableName=users&objectId=${user?.id}&action=update`)).body
    t.equal(data.length, 10)
    for (const entry of data) t.match(entry, { actor: 'user', userId: user?.id, method: 'PATCH' })
  }
  const [left] = await app.checkDatabase((sql) => sql`select current_setting('audit.ctx', true) as context`)
  t.notOk(left?.context, 'the context of a change ends with its transaction')
})

t.test('tenants that share connections of a pooler do not see each other', { skip }, async (t) => {
  const database = await openPooled(t, 2)
  const { app, signUp } = await buildTestApp(t, { database })
  const tenants = await times(2, async (i) => {
    const client = await signUp()
    const { id, path } = await createOrganization(client, `Tenant ${i}`)
    return { client, id, invitations: `${path}/invitations` }
  })
  const invitee = (id: string, i: number) => ({ email: `${id}-${i}@example.com`, role: 'member' })
  await times(100, async (i) => {
    const [own, other] = i % 2 ? [tenants[0], tenants[1]] : [tenants[1], tenants[0]]
    if (!own || !other) throw new Error('two tenants')
    if (i % 5 === 0) t.equal((await own.client.post(own.invitations, invitee(own.id, i))).status, 201)
    const { status, body } = await own.client.get(`${own.invitations}?limit=100`)
    t.equal(status, 200)
    t.ok(body.data.every(({ email }: { email: string }) => email.startsWith(own.id)))
    t.equal((await own.client.get(other.invitations)).status, 404)
    t.equal((await own.client.post(other.invitations, invitee(own.id, i))).status, 404)
  })
  for (const { client, id, invitations } of tenants) {
    t.equal((await client.get(`${invitations}?limit=100`)).body.data.length, 10)
    const { data } = (await client.get(`/audit-logs?organizationId=${id}&tableName=invitations&limit=100`))
      .body
    t.equal(data.length, 10)
    for (const entry of data) t.match(entry, { userId: client.user?.id, organizationId: id })
  }
  t.equal(
    (await app.db.execute('select email from invitations')).length,
    0,
    'a scope ends with its transaction',
  )
})

t.test('a session revoked in one process ends in the others', { skip }, async (t) => {
  const database = await openPooled(t)
  const one = await buildTestApp(t, { database })
  const two = await buildTestApp(t, { database })
  const ada = await one.signUp()
  const there = await two.anonymous.signIn(String(ada.user?.email), PASSWORD)
  t.equal((await there.get('/me')).status, 200)
  t.equal((await ada.delete('/me/sessions')).status, 204)
  await eventually(() => two.app.revocationList.settle())
  t.equal(two.app.revocationList.state().remembered, 1)
  t.equal((await there.get('/me')).status, 401)
})

t.test('announces and runs jobs through a pooler', { skip }, async (t) => {
  const database = await openPooled(t)
  const { anonymous, mailbox, nextToken } = await startOnboarding(t, { database })
  let announcements = 0
  const listener = await openListener({
    url: database.directUrl,
    channel: 'outbox',
    onMessage: () => {
      announcements += 1
    },
    onConnected: async () => undefined,
    onError: () => undefined,
  })
  t.teardown(() => listener.close())
  await eventually(() => listener.settle())
  const account = { email: 'grace@example.com', password: PASSWORD }
  await anonymous.post('/auth/register', { ...account, firstName: 'Grace', lastName: 'Test' })
  await eventually(async () => (await listener.settle()) && announcements > 0)
  const token = await nextToken(account.email)
  t.equal((await anonymous.post('/auth/verify-email', { token })).status, 204)
  t.ok(await anonymous.signIn(account.email, account.password))
  t.equal(mailbox.all.length, 1)
})

t.test('leaves no statement prepared where another client would find it', { skip }, async (t) => {
  const { app, signUp } = await buildTestApp(t, { database: await openPooled(t) })
  await (await signUp()).get('/me')
  t.strictSame([...(await app.db.execute('select statement from pg_prepared_statements'))], [])
})

t.test('prepares statements on a pooler that tracks them', { skip: NO_STATEMENTS }, async (t) => {
  const database = await behindPgBouncer(t, await createTestDatabase(t), { keepsStatements: true })
  const { app, signUp } = await buildTestApp(t, { database })
  const ada = await signUp()
  await times(20, async () => t.equal((await ada.get('/me')).status, 200))
  t.not((await app.db.execute('select from pg_prepared_statements')).length, 0)
})
