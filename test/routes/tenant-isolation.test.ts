/**
 * OWASP API1 and API5 from outside: one tenant tries to read and change what belongs to another.
 */

import { buildTestApp } from '../helpers/app.js'
import type { Client } from '../helpers/client.js'
import { connect } from '../helpers/database.js'
import { operationsOf, sampleOf, UNKNOWN_ID } from '../helpers/operations.js'
import { addMember, createOrganization } from '../helpers/organizations.js'
import t from '../tap.js'

const { app, database, signUp } = await buildTestApp(t)
const owner = connect(t, database.ownerUrl)
const CANARY = 'canary'
const [ada, grace] = [await signUp(), await signUp({ email: `${CANARY}@example.com` })]
const ours = await createOrganization(ada, 'Ours')
const theirs = await createOrganization(grace, `The ${CANARY}`)
const theirMember = await addMember(app, theirs, await signUp({ email: `${CANARY}-2@example.com` }))
await owner.begin(async (tx) => {
  await tx`select set_config('app.scope', 'platform', true)`
  await tx`insert into invitations (organization_id, email, role, token_hash, key_id, expires_at)
    values (${theirs.id}, ${`${CANARY}-3@example.com`}, 'member', 'x', 'x', now() + interval '1 day')`
})

const idOf = (client: Client) => String(client.user?.id)
const operations = operationsOf(app, ours.id)
const ofOrganizations = operations.filter(
  ({ path, isPublic }) => path.includes('{organizationId}') && !isPublic,
)
const withoutId = (text: string) => text.replace(/"requestId":"[^"]*"/, '')

/** All rows of the other organization in the database. */
const stateOfTheirs = () =>
  owner.begin(async (tx) => {
    await tx`select set_config('app.scope', ${`organization:${theirs.id}`}, true)`
    const tables =
      await tx`select to_jsonb(o) as row from organizations o union all select to_jsonb(m) from memberships m
      union all select to_jsonb(i) from invitations i`
    return tables.map(({ row }) => row)
  })

t.test('no list, search or export shows, counts or hints at rows of another tenant', async (t) => {
  const reading = operations.filter(({ method, path }) => method === 'GET' && path.startsWith('/api/v1'))
  t.ok(reading.length > 5)
  for (const { name, url, query } of reading) {
    const needed = query
      .filter(({ required }) => required)
      .map((parameter) => [parameter.name, String(sampleOf(parameter.schema))])
    const own = query.some((parameter) => parameter.name === 'organizationId')
      ? [['organizationId', ours.id]]
      : []
    const searches = [[], ...(query.some((parameter) => parameter.name === 'q') ? [[['q', CANARY]]] : [])]
    const sorts = query.find((parameter) => parameter.name === 'sort')?.schema.enum ?? []
    for (const more of [...searches, ...sorts.map((sort) => [['sort', sort]])]) {
      const answer = await ada.request({
        method: 'GET',
        url: `${url}?${new URLSearchParams([...needed, ...own, ...more] as [string, string][])}`,
      })
      for (const hidden of [CANARY, theirs.id, idOf(grace)])
        t.notMatch(answer.text, hidden, `${name} ${more}`)
    }
  }
  const { body } = await ada.get('/organizations?limit=100')
  t.strictSame([body.data.length, body.nextCursor], [1, null])
})

t.test('an id of another tenant is unknown, and nothing changes', async (t) => {
  const before = await stateOfTheirs()
  t.equal(before.length, 4)
  t.ok(ofOrganizations.length > 5)
  for (const { name, method, path, body } of ofOrganizations) {
    const payload = body && { payload: sampleOf(body) as object }
    const answerTo = async (organizationId: string, id: string) => {
      const url = path.replace('{organizationId}', organizationId).replace(/\{\w+\}/g, id)
      const { status, text } = await ada.request({ method, url, ...payload })
      return [status, withoutId(text)]
    }
    const absent = await answerTo(UNKNOWN_ID, UNKNOWN_ID)
    t.equal(absent[0], 404, name)
    for (const id of [idOf(grace), idOf(theirMember), idOf(ada), theirs.id, UNKNOWN_ID])
      t.strictSame(await answerTo(theirs.id, id), absent, name)
    if (!/\{organizationId\}.*\{/.test(path)) continue
    for (const id of [idOf(grace), idOf(theirMember), theirs.id])
      t.strictSame(await answerTo(ours.id, id), absent, `${name}, under the caller's organization`)
  }
  t.strictSame(await stateOfTheirs(), before)
  for (const client of [grace, theirMember]) t.equal((await client.get('/me')).status, 200)
})

t.test('ids next to one of another tenant are unknown', async (t) => {
  const [head, tail] = [theirs.id.slice(0, 24), Number.parseInt(theirs.id.slice(24), 16)]
  for (let step = -100; step <= 100; step += 1) {
    const id =
      head +
      Math.max(0, tail + step)
        .toString(16)
        .padStart(12, '0')
    const { status } = await ada.get(`/organizations/${id}`)
    if (status !== 404) t.fail(id)
  }
})

t.test('an org_admin has no permission beyond their organization', async (t) => {
  const admin = await signUp({ role: 'super_admin' })
  await addMember(app, ours, admin)
  const asMember = `${ours.path}/members/${idOf(admin)}`
  t.equal((await ada.patch(asMember, { role: 'super_admin' })).status, 400)
  t.equal((await ada.delete(`${asMember}/sessions`)).status, 403)
  for (const id of [idOf(admin), idOf(theirMember), idOf(ada)]) {
    t.equal((await ada.patch(`/users/${id}`, { role: 'super_admin' })).status, 403)
    t.equal((await ada.patch(`/users/${id}`, { status: 'disabled' })).status, 403)
    t.equal((await ada.delete(`/users/${id}`)).status, 403)
  }
  for (const field of ['organizationId', 'userId', 'id', 'createdAt']) {
    t.equal((await ada.patch(asMember, { role: 'member', [field]: theirs.id })).status, 400)
    t.equal((await ada.patch(ours.path, { name: 'Ours', [field]: theirs.id })).status, 400)
  }
  t.match((await admin.get('/me')).body, { role: 'super_admin', status: 'active' })
  t.match((await ada.get('/me')).body, { role: 'user' })
})
