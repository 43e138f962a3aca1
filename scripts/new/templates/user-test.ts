import type { Resource } from '../resource.js'
import { imports } from './code.js'
import { limitTest } from './limit-test.js'
import { fieldConstants, valueImports } from './samples.js'

/** `test/routes/notes.test.ts` of a resource of a user. */
export function userTestFile(resource: Resource): string {
  const { names, fields } = resource
  const { words, one, snake, kebab } = names
  return `import { buildTestApp } from '../helpers/app.js'
import type { Client } from '../helpers/client.js'
import { connect } from '../helpers/database.js'
${imports('../helpers/field-values.js', ['createVariants', 'findFieldMistakes', ...valueImports(fields)])}import { findListMistakes } from '../helpers/lists.js'
import { operationsOf, UNKNOWN_ID } from '../helpers/operations.js'
import { findMistake } from '../helpers/problems.js'
import t from '../tap.js'

const { app, database, signUp } = await buildTestApp(t)
const sql = connect(t, database.ownerUrl)
const [ada, eve, admin] = [await signUp(), await signUp(), await signUp({ role: 'super_admin' })]

${fieldConstants(fields, one)}

const path = '/me/${kebab}'

const add = async (client: Client) => {
  const { status, body, text } = await client.post(path, minimal)
  if (status !== 201) throw new Error(text)
  return body as { id: string }
}

t.test('users create, read, change and delete their ${words}', async (t) => {
  const { status, headers, body } = await ada.post(path, minimal)
  t.strictSame(Object.keys(body), ['id', ...Object.keys(FIELDS), 'createdAt', 'updatedAt'])
  t.match(body, { ...initial, createdAt: body.updatedAt })
  const one = \`\${path}/\${body.id}\`
  t.strictSame([status, headers.location], [201, \`/api/v1\${one}\`])
  t.strictSame((await ada.get(one)).body, body)
  t.strictSame((await ada.get(path)).body, { data: [body], nextCursor: null })

  t.strictSame((await ada.patch(one, {})).body, body, 'an empty change changes nothing')
  const changed = await ada.patch(one, changes)
  t.equal(changed.status, 200)
  t.strictSame({ ...changed.body, updatedAt: '' }, { ...body, ...changes, updatedAt: '' })
  t.ok(changed.body.updatedAt > body.updatedAt)

  t.equal((await ada.delete(one)).status, 204)
  for (const answer of [await ada.get(one), await ada.patch(one, changes), await ada.delete(one)])
    t.equal(findMistake(answer, { status: 404, code: 'NOT_FOUND' }), undefined)
})

t.test('accepts and refuses the right values of each field of ${one}', async (t) => {
  const { id } = await add(ada)
  const readOnly = { id: UNKNOWN_ID, userId: eve.user?.id }
  const paths = { collection: path, one: \`\${path}/\${id}\` }
  t.strictSame(await findFieldMistakes(ada, { paths, minimal, fields: FIELDS, readOnly }), [])
})

t.test('lists are paged, sorted, searched and filtered', async (t) => {
  const client = await signUp()
  await createVariants(client, path, minimal, FIELDS)
  await createVariants(eve, path, minimal, FIELDS)
  t.strictSame(await findListMistakes({ app, sql, client, path, table: '${snake}', fields: FIELDS }), [])
})

t.test('${one} of another user does not exist, not even for a super_admin', async (t) => {
  const theirs = await add(eve)
  const rows = () => sql\`select * from ${snake} order by id\`
  const before = await rows()
  const masked = ({ status, text }: { status: number; text: string }) => [
    status,
    text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id'),
  ]
  for (const client of [ada, admin]) {
    const attempts = (id: string) =>
      Promise.all([
        client.get(\`\${path}/\${id}\`),
        client.patch(\`\${path}/\${id}\`, changes),
        client.delete(\`\${path}/\${id}\`),
      ])
    const foreign = await attempts(theirs.id)
    t.strictSame(foreign.map(masked), (await attempts(UNKNOWN_ID)).map(masked))
    for (const answer of foreign) t.equal(findMistake(answer, { status: 404, code: 'NOT_FOUND' }), undefined)
    t.notMatch((await client.get(path)).text, theirs.id)
  }
  t.strictSame(await rows(), before, 'changes nothing')
})

t.test('every change is in the audit log, and a deleted user leaves no ${words}', async (t) => {
  const leaving = await signUp()
  const { id } = await add(leaving)
  t.equal((await leaving.patch(\`\${path}/\${id}\`, changes)).status, 200)
  t.equal((await admin.delete(\`/users/\${leaving.user?.id}\`)).status, 204)
  t.equal((await sql\`select from ${snake} where id = \${id}\`).length, 0)
  const { body } = await admin.get(\`/audit-logs?objectId=\${id}&sort=createdAt\`)
  t.match(body.data, [
    { action: 'create', userId: leaving.user?.id, method: 'POST', stateBefore: null },
    { action: 'update', userId: leaving.user?.id, stateAfter: changes },
    { action: 'delete', userId: admin.user?.id, stateAfter: null },
  ])
  t.equal(body.data.length, 3)
  for (const entry of body.data) t.match(entry, { tableName: '${snake}', organizationId: null })
})

${limitTest(resource)}
`
}
