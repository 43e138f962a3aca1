import { hasCreator, type Resource } from '../resource.js'
import { imports, when } from './code.js'
import { limitTest } from './limit-test.js'
import { fieldConstants, valueImports } from './samples.js'

/** `test/routes/notes.test.ts` of a resource of an organization. */
export function organizationTestFile(resource: Resource): string {
  const { names, fields } = resource
  const { words, one, kebab } = names
  const creator = hasCreator(resource)
  return `import { buildTestApp } from '../helpers/app.js'
import type { Client } from '../helpers/client.js'
import { connectAcrossOrganizations } from '../helpers/database.js'
${imports('../helpers/field-values.js', ['createVariants', 'findFieldMistakes', ...valueImports(fields)])}import { findListMistakes } from '../helpers/lists.js'
import { operationsOf, UNKNOWN_ID } from '../helpers/operations.js'
import { addMember, createOrganization } from '../helpers/organizations.js'
import { findMistake } from '../helpers/problems.js'
import t from '../tap.js'

const { app, ${when(resource.isPublicRead, 'anonymous, ')}database, signUp } = await buildTestApp(t)
const sql = connectAcrossOrganizations(t, database.ownerUrl)
const [ada, admin] = [await signUp(), await signUp({ role: 'super_admin' })]
const organization = await createOrganization(ada, 'Analytical Engines')
const grace = await addMember(app, organization, await signUp())
const eve = await signUp()
const elsewhere = await createOrganization(eve, 'Elsewhere')

${fieldConstants(fields, one)}

const pathIn = ({ path }: { path: string }) => \`\${path}/${kebab}\`
const path = pathIn(organization)

const add = async (client: Client, at = path) => {
  const { status, body, text } = await client.post(at, minimal)
  if (status !== 201) throw new Error(text)
  return body as { id: string }
}

t.test('members create, read and change ${words}, and an org_admin deletes them', async (t) => {
  const { status, headers, body } = await grace.post(path, minimal)
  t.strictSame(Object.keys(body), ['id', ...Object.keys(FIELDS), ${when(creator, "'createdBy', ")}'createdAt', 'updatedAt'])
  t.match(body, { ...initial, ${when(creator, 'createdBy: grace.user?.id, ')}createdAt: body.updatedAt })
  const one = \`\${path}/\${body.id}\`
  t.strictSame([status, headers.location], [201, \`/api/v1\${one}\`])
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

t.test('accepts and refuses the right values of each field of ${one}', async (t) => {
  const { id } = await add(ada)
  const readOnly = { id: UNKNOWN_ID, organizationId: elsewhere.id, createdBy: eve.user?.id }
  const paths = { collection: path, one: \`\${path}/\${id}\` }
  t.strictSame(await findFieldMistakes(ada, { paths, minimal, fields: FIELDS, readOnly }), [])
})

t.test('lists are paged, sorted, searched and filtered', async (t) => {
  const shelf = pathIn(await createOrganization(ada))
  await createVariants(ada, shelf, minimal, FIELDS)
  await createVariants(eve, pathIn(elsewhere), minimal, FIELDS)
  const list = { app, sql, client: ada, path: shelf, table: '${names.snake}', fields: FIELDS }
  t.strictSame(await findListMistakes(list), [])
})

${isolationTest(resource)}

t.test('every change is in the audit log with its organization', async (t) => {
  const gone = await createOrganization(ada, 'Not for long')
  const member = await addMember(app, gone, await signUp())
  const { id } = await add(member, pathIn(gone))
  const one = \`\${pathIn(gone)}/\${id}\`
  t.equal((await ada.patch(one, changes)).status, 200)
  ${
    creator
      ? `t.equal((await admin.delete(\`/users/\${member.user?.id}\`)).status, 204)
  t.match((await ada.get(one)).body, { createdBy: null, ...changes })`
      : 't.equal((await ada.delete(one)).status, 204)'
  }
  const { body } = await admin.get(\`/audit-logs?objectId=\${id}&sort=createdAt\`)
  t.match(body.data, [
    { action: 'create', userId: member.user?.id, method: 'POST', stateBefore: null },
    { action: 'update', userId: ada.user?.id, stateAfter: changes },
    ${creator ? "{ action: 'update', userId: admin.user?.id, stateAfter: { createdBy: null } }" : "{ action: 'delete', userId: ada.user?.id, stateAfter: null }"},
  ])
  t.equal(body.data.length, 3)
  for (const entry of body.data) t.match(entry, { tableName: '${names.snake}', organizationId: gone.id })
})

${limitTest(resource)}
`
}

function isolationTest(resource: Resource): string {
  const { names, isPublicRead } = resource
  const { one, snake, kebab } = names
  if (isPublicRead)
    return `t.test('anyone reads ${names.words}, and only members write them', async (t) => {
  const theirs = await add(eve, pathIn(elsewhere))
  const one = \`\${pathIn(elsewhere)}/\${theirs.id}\`
  const rows = () => sql\`select * from ${snake} order by id\`
  const before = await rows()
  for (const client of [anonymous, ada]) {
    t.match(await client.get(one), { status: 200, body: theirs })
    t.match((await client.get(pathIn(elsewhere))).body.data[0], theirs)
    t.equal((await client.get(\`\${path}/\${theirs.id}\`)).status, 404, 'in another organization')
    const status = client === anonymous ? 401 : 404
    for (const answer of [await client.post(pathIn(elsewhere), minimal), await client.patch(one, changes), await client.delete(one)])
      t.equal(findMistake(answer, { status }), undefined)
  }
  t.equal((await anonymous.get(\`/organizations/\${UNKNOWN_ID}/${kebab}\`)).status, 404)
  t.strictSame(await rows(), before, 'changes nothing')
})`
  return `t.test('${one} of another organization does not exist', async (t) => {
  const theirs = await add(eve, pathIn(elsewhere))
  const rows = () => sql\`select * from ${snake} order by id\`
  const before = await rows()
  const masked = ({ status, text }: { status: number; text: string }) => [
    status,
    text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id'),
  ]
  for (const at of [path, pathIn(elsewhere)]) {
    const attempts = (id: string) =>
      Promise.all([ada.get(\`\${at}/\${id}\`), ada.patch(\`\${at}/\${id}\`, changes), ada.delete(\`\${at}/\${id}\`)])
    const foreign = await attempts(theirs.id)
    t.strictSame(foreign.map(masked), (await attempts(UNKNOWN_ID)).map(masked))
    for (const answer of foreign) t.equal(findMistake(answer, { status: 404, code: 'NOT_FOUND' }), undefined)
  }
  t.match(await ada.post(pathIn(elsewhere), minimal), { status: 404 })
  t.match(
    await admin.patch(\`\${path}/\${theirs.id}\`, changes),
    { status: 404 },
    'a super_admin needs the right organization',
  )
  t.notMatch((await ada.get(path)).text, theirs.id)
  t.strictSame(await rows(), before, 'changes nothing')
})`
}
