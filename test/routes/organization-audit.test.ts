import { deleteRowsOfOrganization } from '../../src/db/queries/organizations/organizations.js'
import { buildTestApp } from '../helpers/app.js'
import type { Client } from '../helpers/client.js'
import { UNKNOWN_ID } from '../helpers/operations.js'
import { addMember, createOrganization } from '../helpers/organizations.js'
import t from '../tap.js'

const { app, signUp } = await buildTestApp(t)
const admin = await signUp({ role: 'super_admin' })
const [ada, grace] = [await signUp(), await signUp()]
const ours = await createOrganization(ada, 'Ours')
const theirs = await createOrganization(grace, 'Theirs')
const member = await addMember(app, ours, await signUp())
const idOf = (client: Client) => String(client.user?.id)
const ofMember = `${ours.path}/members/${idOf(member)}`

const search = async (client: Client, query: string) => {
  const { status, body } = await client.get(`/audit-logs?${query}`)
  return status === 200 ? body.data : status
}

/** The id of the newest request record of the organization. */
async function idOfRecord(organizationId: string): Promise<string> {
  await app.settleAuditRequests()
  return (await admin.get(`/audit-requests?organizationId=${organizationId}`)).body.data[0].id
}

t.test('an org_admin reads the entries of their organization and nothing else', async (t) => {
  await ada.patch(ofMember, { role: 'org_admin' })
  await ada.patch(ofMember, { role: 'member' })
  await grace.patch(theirs.path, { name: 'Theirs alone' })
  const entries = await search(ada, `organizationId=${ours.id}&sort=createdAt`)
  t.match(entries, [
    { tableName: 'organizations', action: 'create', userId: idOf(ada), objectId: ours.id },
    { tableName: 'memberships', action: 'create', objectId: `${ours.id}:${idOf(ada)}` },
    { tableName: 'memberships', action: 'create', actor: 'cli:test' },
    {
      tableName: 'memberships',
      action: 'update',
      stateBefore: { role: 'member' },
      stateAfter: { role: 'org_admin' },
    },
    { tableName: 'memberships', action: 'update', stateAfter: { role: 'member' } },
  ])
  t.ok(entries.every(({ organizationId }: { organizationId: string }) => organizationId === ours.id))
  t.notMatch(
    JSON.stringify(entries),
    /admin_losses|"adminLosses":[^0]/,
    'the internal counter leaves no entry',
  )
  t.strictSame(await search(admin, `organizationId=${ours.id}&sort=createdAt`), entries)
  t.equal((await search(ada, `organizationId=${ours.id}&tableName=users`)).length, 0)

  const [{ id, tableName, objectId }] = entries
  const [{ id: foreignId, objectId: foreignObject }] = await search(admin, `organizationId=${theirs.id}`)
  const ofOurs = `organizationId=${ours.id}`
  t.match(await ada.get(`/audit-logs/${id}?${ofOurs}`), { status: 200, body: { id } })
  t.equal((await ada.get(`/audit-logs/${foreignId}?${ofOurs}`)).status, 404)
  t.match(await ada.get(`/audit-logs/state?tableName=${tableName}&objectId=${objectId}&${ofOurs}`), {
    status: 200,
    body: { state: { name: 'Ours' } },
  })
  t.equal(
    (await ada.get(`/audit-logs/state?tableName=organizations&objectId=${foreignObject}&${ofOurs}`)).status,
    404,
  )
  const file = await ada.get(`/audit-logs/export?format=ndjson&${ofOurs}`)
  t.equal(file.text.trim().split('\n').length, entries.length)
  t.notMatch(file.text, theirs.id)
})

t.test(
  'refuses callers who are not org_admin of the named organization, and those who name none',
  async (t) => {
    const [{ id }] = await search(admin, `organizationId=${ours.id}`)
    const logs = ['', '/export?format=csv', `/state?tableName=organizations&objectId=${ours.id}`, `/${id}`]
    const paths = [
      ...logs.map((path) => `/audit-logs${path}`),
      '/audit-requests',
      `/audit-requests/${await idOfRecord(ours.id)}`,
    ]
    for (const path of paths) {
      for (const client of [member, grace, ada]) {
        for (const organizationId of client === ada
          ? [theirs.id, UNKNOWN_ID, undefined]
          : [ours.id, undefined]) {
          const query = organizationId
            ? `${path.includes('?') ? '&' : '?'}organizationId=${organizationId}`
            : ''
          const answer = await client.get(`${path}${query}`)
          t.match(answer, { status: 403, body: { code: 'FORBIDDEN' } }, `${path} ${organizationId}`)
        }
      }
    }
    const both = `organizationId=${ours.id}&organizationId=${theirs.id}`
    for (const query of [both, 'organizationId=', 'organizationId=null', `organizationId[]=${ours.id}`])
      t.equal(await search(ada, query), 400, query)
  },
)

t.test('an org_admin reads the request records of the organization', async (t) => {
  await grace.patch(ours.path, { name: 'Stolen' })
  await ada.patch(ours.path, { name: 'Ours' })
  await grace.patch(theirs.path, { name: 'Theirs' })
  const id = await idOfRecord(ours.id)
  const foreignId = await idOfRecord(theirs.id)
  const { body } = await ada.get(`/audit-requests?organizationId=${ours.id}&limit=100`)
  t.match(body.data.slice(0, 2), [
    { id, userId: idOf(ada), method: 'PATCH', outcome: 'ok' },
    { userId: idOf(grace), method: 'PATCH', outcome: 'rejected', status: 404 },
  ])
  t.ok(body.data.every((record: { organizationId: string }) => record.organizationId === ours.id))
  t.match(await ada.get(`/audit-requests/${id}?organizationId=${ours.id}`), { status: 200, body: { id } })
  t.equal((await ada.get(`/audit-requests/${foreignId}?organizationId=${ours.id}`)).status, 404)
  t.equal((await ada.get(`/audit-requests/${foreignId}?organizationId=${theirs.id}`)).status, 403)
})

t.test('request records name the organization and what happened to its members', async (t) => {
  await ada.patch(ofMember, { role: 'org_admin' })
  await member.delete(ofMember)
  await grace.patch(ours.path, { name: 'Stolen' })
  const { id, path } = await createOrganization(ada)
  await ada.delete(`${path}/members/${idOf(ada)}`)
  await ada.delete(path)
  await app.settleAuditRequests()
  const records = async (organizationId: string) => {
    const { body } = await admin.get(
      `/audit-requests?organizationId=${organizationId}&sort=createdAt&limit=100`,
    )
    return body.data
  }
  t.match((await records(ours.id)).slice(-3), [
    { event: 'member_role_changed', subjectId: idOf(member), outcome: 'ok' },
    { event: 'member_removed', subjectId: idOf(member), userId: idOf(member), outcome: 'ok' },
    { event: null, userId: idOf(grace), outcome: 'rejected', status: 404 },
  ])
  t.match(await records(id), [
    { method: 'POST', status: 201, entries: 2 },
    { outcome: 'rejected', status: 409 },
    { event: 'organization_deleted', outcome: 'ok', entries: 1 },
  ])
  await deleteRowsOfOrganization(app.db, id)
  const deleted = await search(admin, `organizationId=${id}&action=delete&sort=createdAt`)
  t.strictSame(deleted.map(({ tableName }: { tableName: string }) => tableName).sort(), [
    'memberships',
    'organizations',
  ])
  t.equal(
    await search(ada, `organizationId=${id}`),
    403,
    'an org_admin cannot read entries of a deleted organization',
  )
})
