import { buildTestApp } from '../helpers/app.js'
import type { Client } from '../helpers/client.js'
import { connectAcrossOrganizations } from '../helpers/database.js'
import { choice, createVariants, findFieldMistakes, line, orNull, text } from '../helpers/field-values.js'
import { findListMistakes } from '../helpers/lists.js'
import { operationsOf, UNKNOWN_ID } from '../helpers/operations.js'
import { addMember, createOrganization } from '../helpers/organizations.js'
import { findMistake } from '../helpers/problems.js'
import t from '../tap.js'

const { app, database, signUp } = await buildTestApp(t)
const sql = connectAcrossOrganizations(t, database.ownerUrl)
const [ada, admin] = [await signUp(), await signUp({ role: 'super_admin' })]
const organization = await createOrganization(ada, 'Analytical Engines')
const grace = await addMember(app, organization, await signUp())
const eve = await signUp()
const elsewhere = await createOrganization(eve, 'Elsewhere')

const FIELDS = {
  name: line(100),
  description: orNull(text(2000)),
  status: choice(['active', 'archived']),
}
const minimal = { name: 'Difference Engine' }
/** What a project made of `minimal` has. */
const initial = { ...minimal, description: null, status: 'active' }
const changes = { name: 'Analytical Engine' }

const pathIn = ({ path }: { path: string }) => `${path}/projects`
const path = pathIn(organization)

const add = async (client: Client, at = path) => {
  const { status, body, text } = await client.post(at, minimal)
  if (status !== 201) throw new Error(text)
  return body as { id: string }
}

t.test('members create, read and change projects, and an org_admin deletes them', async (t) => {
  const { status, headers, body } = await grace.post(path, minimal)
  t.strictSame(Object.keys(body), ['id', ...Object.keys(FIELDS), 'createdBy', 'createdAt', 'updatedAt'])
  t.match(body, { ...initial, createdBy: grace.user?.id, createdAt: body.updatedAt })
  const one = `${path}/${body.id}`
  t.strictSame([status, headers.location], [201, `/api/v1${one}`])
  t.strictSame((await ada.get(one)).body, body)
  t.strictSame((await ada.get(path)).body, { data: [body], nextCursor: null })

  t.strictSame((await ada.patch(one, {})).body, body, 'an empty change changes nothing')
  const changed = await ada.patch(one, changes)
  t.equal(changed.status, 200)
  t.strictSame({ ...changed.body, updatedAt: '' }, { ...body, ...changes, updatedAt: '' })
  t.ok(changed.body.updatedAt > body.updatedAt)

  t.match(await grace.delete(one), { status: 403, body: { code: 'FORBIDDEN' } })
  t.equal((await ada.delete(one)).status, 204)
  for (const answer of [await ada.get(one), await ada.patch(one, changes), await ada.delete(one)])
    t.equal(findMistake(answer, { status: 404, code: 'NOT_FOUND' }), undefined)
})

t.test('accepts and refuses the right values of each field of a project', async (t) => {
  const { id } = await add(ada)
  const readOnly = { id: UNKNOWN_ID, organizationId: elsewhere.id, createdBy: eve.user?.id }
  const paths = { collection: path, one: `${path}/${id}` }
  t.strictSame(await findFieldMistakes(ada, { paths, minimal, fields: FIELDS, readOnly }), [])
})

t.test('lists are paged, sorted, searched and filtered', async (t) => {
  const shelf = pathIn(await createOrganization(ada))
  await createVariants(ada, shelf, minimal, FIELDS)
  await createVariants(eve, pathIn(elsewhere), minimal, FIELDS)
  const list = { app, sql, client: ada, path: shelf, table: 'projects', fields: FIELDS }
  t.strictSame(await findListMistakes(list), [])
})

t.test('a project of another organization does not exist', async (t) => {
  const theirs = await add(eve, pathIn(elsewhere))
  const rows = () => sql`select * from projects order by id`
  const before = await rows()
  const masked = ({ status, text }: { status: number; text: string }) => [
    status,
    text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id'),
  ]
  for (const at of [path, pathIn(elsewhere)]) {
    const attempts = (id: string) =>
      Promise.all([ada.get(`${at}/${id}`), ada.patch(`${at}/${id}`, changes), ada.delete(`${at}/${id}`)])
    const foreign = await attempts(theirs.id)
    t.strictSame(foreign.map(masked), (await attempts(UNKNOWN_ID)).map(masked))
    for (const answer of foreign) t.equal(findMistake(answer, { status: 404, code: 'NOT_FOUND' }), undefined)
  }
  t.match(await ada.post(pathIn(elsewhere), minimal), { status: 404 })
  t.match(
    await admin.patch(`${path}/${theirs.id}`, changes),
    { status: 404 },
    'a super_admin needs the right organization',
  )
  t.notMatch((await ada.get(path)).text, theirs.id)
  t.strictSame(await rows(), before, 'changes nothing')
})

t.test('every change is in the audit log with its organization', async (t) => {
  const gone = await createOrganization(ada, 'Not for long')
  const member = await addMember(app, gone, await signUp())
  const { id } = await add(member, pathIn(gone))
  const one = `${pathIn(gone)}/${id}`
  t.equal((await ada.patch(one, changes)).status, 200)
  t.equal((await admin.delete(`/users/${member.user?.id}`)).status, 204)
  t.match((await ada.get(one)).body, { createdBy: null, ...changes })
  const { body } = await admin.get(`/audit-logs?objectId=${id}&sort=createdAt`)
  t.match(body.data, [
    { action: 'create', userId: member.user?.id, method: 'POST', stateBefore: null },
    { action: 'update', userId: ada.user?.id, stateAfter: changes },
    { action: 'update', userId: admin.user?.id, stateAfter: { createdBy: null } },
  ])
  t.equal(body.data.length, 3)
  for (const entry of body.data) t.match(entry, { tableName: 'projects', organizationId: gone.id })
})

t.test('creating a project has its own limit', async (t) => {
  const creating = operationsOf(app).find(
    ({ name }) => name === 'POST /api/v1/organizations/{organizationId}/projects',
  )
  t.match(creating?.documented, {
    'x-rate-limit': [{ name: 'projects', limit: 60, windowSeconds: 60, key: 'user' }],
  })
})
