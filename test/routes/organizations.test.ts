import t from 'tap'
import { buildTestApp } from '../helpers/app.js'
import { UNKNOWN_ID } from '../helpers/operations.js'

const { signUp } = await buildTestApp(t)
const ada = await signUp()
const grace = await signUp()
const admin = await signUp({ role: 'super_admin' })

t.test('whoever creates an organization is its org_admin, and nobody else sees it', async (t) => {
  const { status, headers, body } = await ada.post('/organizations', { name: 'Analytical Engines' })
  t.match(
    { status, body },
    {
      status: 201,
      body: { name: 'Analytical Engines', slug: 'analytical-engines', role: 'org_admin' },
    },
  )
  const path = `/organizations/${body.id}`
  t.equal(headers.location, `/api/v1${path}`)
  t.strictSame((await ada.get(path)).body, body)
  t.strictSame((await admin.get(path)).body, { ...body, role: null })
  for (const client of [grace, admin]) {
    const [absent, foreign] = [await client.get(`/organizations/${UNKNOWN_ID}`), await grace.get(path)]
    t.match(foreign, { status: 404, body: { ...absent.body, requestId: String } })
  }
})
