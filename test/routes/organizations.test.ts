import { ORGANIZATION_SORT_FIELDS } from '../../src/db/queries/organizations/organization-lists.js'
import { buildTestApp } from '../helpers/app.js'
import type { Client } from '../helpers/client.js'
import { connect } from '../helpers/database.js'
import { UNKNOWN_ID } from '../helpers/operations.js'
import { addMember, createOrganization } from '../helpers/organizations.js'
import { findMistake } from '../helpers/problems.js'
import t from '../tap.js'

const { app, database, signUp } = await buildTestApp(t)
const ada = await signUp()
const grace = await signUp()
const admin = await signUp({ role: 'super_admin' })
const owner = connect(t, database.ownerUrl)

t.test('the creator of an organization is its org_admin, and it does not exist for others', async (t) => {
  const { status, headers, body } = await ada.post('/organizations', { name: 'Analytical Engines' })
  t.match([status, body], [201, { slug: 'analytical-engines', role: 'org_admin' }])
  const path = `/organizations/${body.id}`
  t.equal(headers.location, `/api/v1${path}`)
  t.strictSame((await ada.get(path)).body, body)
  t.strictSame((await admin.get(path)).body, { ...body, role: null })
  const { requestId: _one, ...absent } = (await grace.get(`/organizations/${UNKNOWN_ID}`)).body
  const { requestId: _other, ...foreign } = (await grace.get(path)).body
  t.strictSame(foreign, absent)
  t.equal(foreign.status, 404)
})

t.test('derives a slug from a name without one', async (t) => {
  const slugOf = async (name: string) => (await ada.post('/organizations', { name })).body.slug
  t.equal(await slugOf('  Zoë & Søren — Żółć, Ltd.  '), 'zoe-s-ren-zo-c-ltd')
  t.equal(await slugOf(`${'abc '.repeat(24)}`), `${'abc-'.repeat(12)}ab`)
  for (const slug of ['same-name', 'same-name-2', 'same-name-3']) t.equal(await slugOf('Same name'), slug)
  const atOnce = await Promise.all(Array.from({ length: 15 }, () => slugOf('At once')))
  t.equal(new Set(atOnce).size, 15)
  for (const slug of atOnce) t.match(slug, /^at-once(-\d+)?$/)
  t.equal(await slugOf('abc '.repeat(24)), `${'abc-'.repeat(12)}2`)
  for (const name of ['日本', 'ab', 'Admin', 'API', '!!!'])
    t.match(await slugOf(name), /^org-[0-9a-f]{10}$/, name)
})

t.test('slugs are unique without regard to case, and some words are reserved', async (t) => {
  const post = (slug: unknown) => ada.post('/organizations', { name: 'Slugs', slug })
  t.match(await post('Case-Folded'), { status: 201, body: { slug: 'case-folded' } })
  t.match(await post('CASE-folded'), { status: 409, body: { code: 'SLUG_TAKEN' } })
  for (const word of ['admin', 'API', 'www', 'organizations'])
    t.match(await post(word), { status: 400, body: { code: 'SLUG_RESERVED' } }, word)
  for (const odd of [
    'ab',
    'a'.repeat(51),
    '-abc',
    'abc-',
    'a--b',
    'a_b',
    'a.b',
    'ä-b',
    'a b',
    'abc\n',
    '',
    7,
    null,
  ]) {
    const expected = { status: 400, code: 'VALIDATION_FAILED', paths: ['slug'] }
    t.equal(findMistake(await post(odd), expected), undefined, String(odd))
  }
  const both = await Promise.all(['one', 'two'].map(() => post('at-the-same-time')))
  t.strictSame(both.map(({ status }) => status).sort(), [201, 409])
})

t.test('an org_admin changes name and slug, and a member cannot', async (t) => {
  const { id, path } = await createOrganization(ada, 'Before')
  const member = await addMember(app, { id, path }, await signUp())
  t.match(await ada.patch(path, { name: 'After', slug: 'Renamed-Now' }), {
    status: 200,
    body: { id, name: 'After', slug: 'renamed-now', role: 'org_admin' },
  })
  t.match(await member.get(path), { status: 200, body: { name: 'After', role: 'member' } })
  t.match(await ada.patch(path, {}), { status: 200, body: { name: 'After' } })
  t.match(await ada.patch(path, { slug: 'case-folded' }), { status: 409, body: { code: 'SLUG_TAKEN' } })
  t.match(await ada.patch(path, { slug: 'www' }), { status: 400, body: { code: 'SLUG_RESERVED' } })
  t.equal((await member.patch(path, { name: 'Mine' })).status, 403)
  t.equal((await grace.patch(path, { name: 'Mine' })).status, 404)
  t.match(await admin.patch(path, { name: 'By the platform' }), { status: 200, body: { role: null } })
  t.match((await ada.get(path)).body, { name: 'By the platform', slug: 'renamed-now' })
})

t.test("lists the caller's organizations, over all pages and in every order", async (t) => {
  const lists = await signUp()
  const names = ['Élan', 'elan', 'Zebra', 'apple', 'Apple', 'Mango', 'kiwi']
  const mine: string[] = []
  for (const [i, name] of names.entries()) {
    const { body } = await lists.post('/organizations', { name, slug: `list-${i}-${name.length}` })
    mine.push(body.id)
    await createOrganization(grace, `Foreign ${name}`)
  }
  const walk = async (client: Client, query: string) => {
    const rows: { id: string }[] = []
    let cursor: string | null = ''
    do {
      const { body } = await client.get(`/organizations?${query}${cursor && `&cursor=${cursor}`}`)
      rows.push(...body.data)
      cursor = body.nextCursor
    } while (cursor)
    return rows.map(({ id }) => id)
  }
  for (const field of ORGANIZATION_SORT_FIELDS) {
    for (const sign of ['', '-']) {
      const column = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
      const direction = sign ? 'desc' : 'asc'
      const expected = await owner.begin(async (tx) => {
        await tx`select set_config('app.scope', 'platform', true)`
        return tx.unsafe(`select id from organizations order by ${column} ${direction}, id ${direction}`)
      })
      const ids: string[] = expected.map(({ id }) => id)
      t.strictSame(
        await walk(lists, `limit=3&sort=${sign}${field}`),
        ids.filter((id) => mine.includes(id)),
      )
      t.strictSame(await walk(admin, `limit=11&sort=${sign}${field}`), ids)
    }
  }
  t.strictSame((await walk(lists, 'q=APPLE&sort=createdAt')).sort(), [mine[3], mine[4]].sort())
  t.strictSame(await walk(lists, 'q=foreign'), [])
  t.strictSame(await walk(lists, 'q=%25'), [])
})

t.test('a deleted organization is gone for everyone, and its members keep their accounts', async (t) => {
  const organization = await createOrganization(ada)
  const member = await addMember(app, organization, await signUp())
  t.equal((await member.delete(organization.path)).status, 403)
  t.equal((await grace.delete(organization.path)).status, 404)
  t.match(await ada.delete(organization.path), { status: 204, text: '' })
  for (const client of [ada, member, admin]) t.equal((await client.get(organization.path)).status, 404)
  t.equal((await ada.delete(organization.path)).status, 404)
  for (const client of [ada, member]) t.equal((await client.get('/me')).status, 200)
})

t.test('a super_admin does everything in an organization without being a member', async (t) => {
  const organization = await createOrganization(ada)
  const member = await addMember(app, organization, await signUp())
  const ofMember = `${organization.path}/members/${member.user?.id}`
  t.match(await admin.get(`${organization.path}/members`), { status: 200, body: { data: [{}, {}] } })
  t.match(await admin.patch(ofMember, { role: 'org_admin' }), { status: 200, body: { role: 'org_admin' } })
  t.equal((await admin.delete(ofMember)).status, 204)
  t.equal((await admin.delete(organization.path)).status, 204)
  t.equal((await admin.delete(organization.path)).status, 404)
})
