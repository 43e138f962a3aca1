import { buildTestApp } from '../helpers/app.js'
import { connect } from '../helpers/database.js'
import { moved } from '../helpers/moved.js'
import t from '../tap.js'

const { signUp, anonymous, database } = await buildTestApp(t)
const sql = connect(t, database.ownerUrl)

t.test('users read and change their own names and affect no other user', async (t) => {
  const [user, other] = [await signUp(), await signUp()]
  const { status, body } = await user.get('/me')
  t.equal(status, 200)
  t.match(body, { id: user.user?.id, email: user.user?.email, role: 'user', status: 'active' })
  t.match(await user.patch('/me', { firstName: 'Grace' }), {
    status: 200,
    body: { firstName: 'Grace', lastName: 'Test' },
  })
  const changed = await user.patch('/me', { firstName: 'Žofie 😀', lastName: "O'Brien" })
  t.match(changed.body, { firstName: 'Žofie 😀', lastName: "O'Brien" })
  t.ok(changed.body.updatedAt > body.updatedAt)
  t.strictSame((await user.get('/me')).body, changed.body)
  t.match((await other.get('/me')).body, { firstName: 'Ada', lastName: 'Test' })
})

t.test('a change of nothing changes nothing and leaves no entry', async (t) => {
  const user = await signUp()
  const before = (await user.get('/me')).body
  t.strictSame((await user.patch('/me', {})).body, before)
  const entries = await moved(sql)`select from audit.audit_log where object_id = ${user.user?.id ?? ''}`
  t.equal(entries.length, 1, 'the only entry is that of the creation')
})

t.test('users can neither raise their own role nor change other protected fields', async (t) => {
  const user = await signUp()
  const before = (await user.get('/me')).body
  const fields = {
    role: 'super_admin',
    status: 'disabled',
    email: 'x@example.com',
    password: 'a long and quiet sentence',
    id: before.id,
  }
  for (const [field, value] of Object.entries(fields)) {
    t.match(await user.patch('/me', { firstName: 'Sly', [field]: value }), {
      status: 400,
      body: { code: 'VALIDATION_FAILED', errors: [{ path: field }] },
    })
  }
  for (const firstName of ['', ' ', '\t', 'a\nb', 'a\0b', 'x'.repeat(101), null, 1, ['Ada']]) {
    t.match(await user.patch('/me', { firstName }), { status: 400 }, JSON.stringify(firstName))
  }
  t.strictSame((await user.get('/me')).body, before)
})

t.test('an account is read and changed only with a token and only while it exists', async (t) => {
  for (const answer of [await anonymous.get('/me'), await anonymous.patch('/me', { firstName: 'X' })]) {
    t.match(answer, {
      status: 401,
      headers: { 'www-authenticate': /^Bearer/ },
      body: { code: 'UNAUTHORIZED' },
    })
  }
  const user = await signUp()
  // Deletes the user without the revocation, as in the moment before a process receives it.
  await sql`alter table sessions disable trigger session_deleted`
  await sql`delete from users where id = ${user.user?.id ?? ''}`
  await sql`alter table sessions enable trigger session_deleted`
  t.equal((await user.get('/me')).status, 401)
  t.equal((await user.patch('/me', { firstName: 'Ghost' })).status, 401)
  t.equal((await user.patch('/me', {})).status, 401)
})
