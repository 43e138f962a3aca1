import { buildTestApp } from '../helpers/app.js'
import type { Client } from '../helpers/client.js'
import { UNKNOWN_ID } from '../helpers/operations.js'
import { addMember, createOrganization, type TestOrganization } from '../helpers/organizations.js'
import t from '../tap.js'

const { app, signUp } = await buildTestApp(t)
const admin = await signUp({ role: 'super_admin' })

const idOf = (client: Client) => String(client.user?.id)
const pathOf = ({ path }: TestOrganization, client: Client) => `${path}/members/${idOf(client)}`
const LAST = { status: 409, body: { code: 'LAST_ORG_ADMIN' } }

/** An organization with an org_admin (ada), a member (grace) and a non-member (mallory). */
async function prepare() {
  const [ada, grace, mallory] = [await signUp(), await signUp(), await signUp()]
  const organization = await createOrganization(ada)
  await addMember(app, organization, grace)
  return { organization, ada, grace, mallory }
}

t.test('members see each other, sorted and in pages', async (t) => {
  const { organization, ada, grace, mallory } = await prepare()
  const list = async (query = '', client = grace) =>
    (await client.get(`${organization.path}/members${query}`)).body
  const { data, nextCursor } = await list('?sort=createdAt')
  t.strictSame(Object.keys(data[0]).sort(), ['createdAt', 'email', 'firstName', 'lastName', 'role', 'userId'])
  t.match(data, [
    { userId: idOf(ada), role: 'org_admin' },
    { userId: idOf(grace), email: grace.user?.email, role: 'member' },
  ])
  t.equal(nextCursor, null)
  const first = await list('?sort=-email&limit=1')
  const second = await list(`?sort=-email&limit=1&cursor=${first.nextCursor}`)
  const emails = [...first.data, ...second.data].map(({ email }) => email)
  t.strictSame(emails, [ada.user?.email, grace.user?.email].sort().reverse())
  t.match((await list('?role=member')).data, [{ userId: idOf(grace) }])
  t.equal((await list('', mallory)).status, 404)
  t.equal((await list('?sort=role')).status, 400)
})

t.test('an org_admin changes roles, and members change none', async (t) => {
  const { organization, ada, grace, mallory } = await prepare()
  t.equal((await grace.patch(pathOf(organization, grace), { role: 'org_admin' })).status, 403)
  t.equal((await grace.patch(pathOf(organization, ada), { role: 'member' })).status, 403)
  t.equal((await mallory.patch(pathOf(organization, grace), { role: 'member' })).status, 404)
  t.match(await ada.patch(pathOf(organization, grace), { role: 'org_admin' }), {
    status: 200,
    body: { userId: idOf(grace), email: grace.user?.email, role: 'org_admin' },
  })
  t.match(await ada.patch(pathOf(organization, grace), { role: 'org_admin' }), { status: 200 })
  t.match(await grace.patch(pathOf(organization, ada), { role: 'member' }), { status: 200 })
  t.equal((await ada.patch(pathOf(organization, grace), { role: 'member' })).status, 403)
  for (const id of [UNKNOWN_ID, idOf(mallory)]) {
    t.equal((await grace.patch(`${organization.path}/members/${id}`, { role: 'member' })).status, 404)
    t.equal((await grace.delete(`${organization.path}/members/${id}`)).status, 404)
    t.equal((await grace.delete(`${organization.path}/members/${id}/sessions`)).status, 404)
  }
  for (const role of ['super_admin', 'user', 'owner', null, ['member']])
    t.equal((await grace.patch(pathOf(organization, ada), { role })).status, 400)
})

t.test('members leave, an org_admin removes others, and former members see nothing', async (t) => {
  const { organization, ada, grace } = await prepare()
  const other = await addMember(app, organization, await signUp())
  t.equal((await grace.delete(pathOf(organization, other))).status, 403)
  t.equal((await grace.delete(`${organization.path}/members/${UNKNOWN_ID}`)).status, 403)
  t.equal((await grace.delete(pathOf(organization, grace))).status, 204)
  t.equal((await ada.delete(pathOf(organization, other))).status, 204)
  t.equal((await ada.delete(pathOf(organization, other))).status, 404)
  for (const client of [grace, other]) {
    t.equal((await client.get(organization.path)).status, 404)
    t.strictSame((await client.get('/organizations')).body.data, [])
    t.equal((await client.get('/me')).status, 200)
  }
})

t.test('the last org_admin cannot leave, be removed, be demoted or be deleted', async (t) => {
  const { organization, ada, grace } = await prepare()
  const ofAda = pathOf(organization, ada)
  t.match(await ada.delete(ofAda), LAST)
  t.match(await ada.patch(ofAda, { role: 'member' }), LAST)
  t.match(await admin.delete(ofAda), LAST)
  t.match(await admin.patch(ofAda, { role: 'member' }), LAST)
  t.match(await admin.delete(`/users/${idOf(ada)}`), LAST)
  t.match(await ada.get(organization.path), { status: 200, body: { role: 'org_admin' } })
  t.equal((await ada.get('/me')).status, 200, 'a refused deletion does not end the session')

  await ada.patch(pathOf(organization, grace), { role: 'org_admin' })
  t.equal((await admin.delete(`/users/${idOf(ada)}`)).status, 204)
  t.match(await grace.delete(pathOf(organization, grace)), LAST)
  t.equal((await grace.delete(organization.path)).status, 204)
  t.equal((await admin.delete(`/users/${idOf(grace)}`)).status, 204)
})

t.test('an org_admin signs a member out everywhere, but no super_admin and no non-member', async (t) => {
  const { organization, ada, grace, mallory } = await prepare()
  await addMember(app, organization, admin, 'member')
  const end = (client: Client, target: Client) => client.delete(`${pathOf(organization, target)}/sessions`)
  t.equal((await end(grace, ada)).status, 403)
  t.equal((await end(mallory, grace)).status, 404)
  t.equal((await end(ada, mallory)).status, 404)
  t.equal((await end(ada, admin)).status, 403)
  for (const client of [grace, mallory, admin]) t.equal((await client.get('/me')).status, 200)

  t.match(await end(ada, grace), { status: 204, text: '' })
  t.equal((await grace.get('/me')).status, 401)
  const { refreshToken } = grace.user ?? {}
  t.equal((await grace.post('/auth/refresh', { refreshToken: String(refreshToken) })).status, 401)
  t.equal((await ada.get('/me')).status, 200)
  t.equal(
    (await ada.delete(pathOf(organization, admin))).status,
    204,
    'an org_admin can remove a super_admin from the organization',
  )
  t.equal((await admin.get('/me')).status, 200)
})
