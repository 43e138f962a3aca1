import { buildTestApp } from '../helpers/app.js'
import type { Client } from '../helpers/client.js'
import { connectAcrossOrganizations } from '../helpers/database.js'
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

const path = `${organization.path}/projects`

const add = async (client: Client, body: Record<string, unknown> = {}, at = path) => {
  const answer = await client.post(at, { name: 'Difference Engine', ...body })
  if (answer.status !== 201) throw new Error(answer.text)
  return answer.body as Record<string, unknown> & { id: string }
}

const entriesOf = async (objectId: string) =>
  (await admin.get(`/audit-logs?objectId=${objectId}&sort=createdAt`)).body.data

t.test('members create, read, change and archive projects, and an org_admin deletes them', async (t) => {
  const { status, headers, body } = await grace.post(path, { name: 'Difference Engine' })
  t.strictSame(Object.keys(body), [
    'id',
    'name',
    'description',
    'status',
    'createdBy',
    'createdAt',
    'updatedAt',
  ])
  t.match(body, {
    name: 'Difference Engine',
    description: null,
    status: 'active',
    createdBy: grace.user?.id,
    createdAt: body.updatedAt,
  })
  const one = `${path}/${body.id}`
  t.strictSame([status, headers.location], [201, `/api/v1${one}`])
  t.strictSame((await ada.get(one)).body, body)
  t.strictSame((await ada.get(path)).body, { data: [body], nextCursor: null })

  t.strictSame((await ada.patch(one, {})).body, body, 'an empty change changes nothing')
  const described = await ada.patch(one, { description: 'Tables,\nwithout mistakes.' })
  t.equal(described.status, 200)
  t.strictSame(
    { ...described.body, updatedAt: '' },
    { ...body, description: 'Tables,\nwithout mistakes.', updatedAt: '' },
  )
  t.ok(described.body.updatedAt > body.updatedAt)
  t.match((await grace.patch(one, { status: 'archived', name: 'Engine', description: null })).body, {
    status: 'archived',
    name: 'Engine',
    description: null,
    createdBy: grace.user?.id,
  })

  t.match(await grace.delete(one), { status: 403, body: { code: 'FORBIDDEN' } })
  t.equal((await ada.delete(one)).status, 204)
  for (const answer of [await ada.get(one), await ada.patch(one, { name: 'X' }), await ada.delete(one)])
    t.equal(findMistake(answer, { status: 404, code: 'NOT_FOUND' }), undefined)
})

t.test('refuses each invalid field of a project', async (t) => {
  const { id } = await add(ada)
  const BAD: [field: string, values: unknown[]][] = [
    ['name', ['', ' ', 'x'.repeat(101), 'two\nlines', 'a\0b', 'a\uD800b', null, 1, ['a']]],
    ['description', ['x'.repeat(2001), 'a\0b', 'a\uD800b', 1, {}]],
    ['status', ['', 'deleted', 'ACTIVE', null, true]],
    ['organizationId', [elsewhere.id]],
    ['createdBy', [eve.user?.id]],
    ['id', [UNKNOWN_ID]],
  ]
  for (const [field, values] of BAD) {
    for (const value of values) {
      const mistakes = [
        await ada.post(path, { name: 'X', [field]: value }),
        await ada.patch(`${path}/${id}`, { [field]: value }),
      ].map((answer) => findMistake(answer, { status: 400, code: 'VALIDATION_FAILED', paths: [field] }))
      t.strictSame(mistakes, [undefined, undefined], `${field}: ${JSON.stringify(value)?.slice(0, 50)}`)
    }
  }
  const longest = { name: 'x'.repeat(100), description: 'ž'.repeat(2000), status: 'archived' }
  t.match(await ada.post(path, longest), { status: 201, body: longest })
})

t.test('lists are paged, sorted, searched and filtered', async (t) => {
  const shelf = await createOrganization(ada, 'A shelf of projects')
  await sql`
    insert into projects (organization_id, name, description, status, created_at, updated_at)
    select ${shelf.id}, (array['Ada', 'ada', 'Émile', '100%', 'a_b'])[n % 5 + 1], 'number ' || n,
      (array['active', 'archived']::project_status[])[n % 2 + 1],
      timestamptz '2026-01-01' + n / 4 * interval '1 millisecond', timestamptz '2026-02-01' - n / 4 * interval '1 second'
    from generate_series(1, 30) as n`
  await add(eve, { name: '100% elsewhere' }, `${elsewhere.path}/projects`)
  type Listed = { id: string; name: string; status: string; description: string }

  const walk = async (query: Record<string, string>) => {
    const found: Listed[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const search = new URLSearchParams({ ...query, ...(cursor && { cursor }) })
      const { status, body, text } = await ada.get(`${shelf.path}/projects?${search}`)
      if (status !== 200) throw new Error(text)
      found.push(...body.data)
      cursor = body.nextCursor
    }
    return found
  }
  for (const [field, column] of [
    ['name', 'name'],
    ['createdAt', 'created_at'],
    ['updatedAt', 'updated_at'],
  ]) {
    for (const [sign, direction] of [
      ['', 'asc'],
      ['-', 'desc'],
    ]) {
      const expected = await sql.unsafe(
        `select id from projects where organization_id = '${shelf.id}' order by ${column} ${direction}, id ${direction}`,
      )
      const found = await walk({ sort: `${sign}${field}`, limit: '7' })
      t.strictSame(
        found.map(({ id }) => id),
        expected.map(({ id }) => id),
        `${sign}${field}`,
      )
    }
  }
  t.strictSame(
    await walk({ limit: '100' }),
    await walk({ sort: '-createdAt' }),
    'lists the newest first by default',
  )
  t.equal((await walk({ status: 'archived', limit: '4' })).length, 15)
  t.ok((await walk({ status: 'active' })).every(({ status }) => status === 'active'))
  const namesOf = async (q: string) => [...new Set((await walk({ q, limit: '3' })).map(({ name }) => name))]
  t.strictSame((await namesOf('ADA')).sort(), ['Ada', 'ada'])
  t.strictSame(await namesOf('100%'), ['100%'], 'finds the text literally and only in this organization')
  t.strictSame(await namesOf('a_b'), ['a_b'])
  t.strictSame(
    (await walk({ q: 'number 17' })).map(({ description }) => description),
    ['number 17'],
  )
  t.equal((await ada.get(`${shelf.path}/projects?sort=description`)).status, 400)
})

t.test('a project of another organization does not exist', async (t) => {
  const theirs = await add(eve, { name: 'Canary' }, `${elsewhere.path}/projects`)
  const rows = () => sql`select * from projects order by id`
  const before = await rows()
  t.ok(before.length > 1)
  const masked = ({ status, text }: { status: number; text: string }) => [
    status,
    text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id'),
  ]
  for (const at of [organization.path, elsewhere.path]) {
    const attempts = (id: string) => [
      ada.get(`${at}/projects/${id}`),
      ada.patch(`${at}/projects/${id}`, { name: 'Mine' }),
      ada.delete(`${at}/projects/${id}`),
    ]
    const [foreign, absent] = [
      await Promise.all(attempts(theirs.id)),
      await Promise.all(attempts(UNKNOWN_ID)),
    ]
    t.strictSame(foreign.map(masked), absent.map(masked))
    for (const answer of foreign) t.equal(findMistake(answer, { status: 404, code: 'NOT_FOUND' }), undefined)
  }
  t.strictSame(await rows(), before, 'changes nothing')
  t.notMatch((await ada.get(`${path}?q=Canary`)).text, /Canary/)
  t.match(await ada.post(`${elsewhere.path}/projects`, { name: 'Mine' }), { status: 404 })
  t.match(
    await admin.patch(`${path}/${theirs.id}`, { name: 'Mine' }),
    { status: 404 },
    'a super_admin needs the right organization',
  )
})

t.test('every change is in the audit log with its organization', async (t) => {
  const gone = await createOrganization(ada, 'Not for long')
  const member = await addMember(app, gone, await signUp())
  const project = await add(member, {}, `${gone.path}/projects`)
  const { id } = project
  await ada.patch(`${gone.path}/projects/${id}`, { status: 'archived' })
  t.equal((await admin.delete(`/users/${member.user?.id}`)).status, 204)
  t.match((await ada.get(`${gone.path}/projects/${id}`)).body, { createdBy: null, status: 'archived' })
  const entries = await entriesOf(id)
  t.match(entries, [
    { action: 'create', userId: member.user?.id, method: 'POST', stateBefore: null },
    { action: 'update', userId: ada.user?.id, stateAfter: { status: 'archived' } },
    { action: 'update', userId: admin.user?.id, stateAfter: { createdBy: null } },
  ])
  for (const entry of entries) t.match(entry, { tableName: 'projects', organizationId: gone.id })
  t.equal(entries.length, 3)
})

t.test('creating a project has its own limit', async (t) => {
  const creating = operationsOf(app).find(({ name }) => /^POST .*\/projects$/.test(name))
  t.match(creating?.documented, {
    'x-rate-limit': [{ name: 'projects', limit: 60, windowSeconds: 60, key: 'user' }],
  })
})
