import t from 'tap'
import { buildTestApp } from '../helpers/app.js'

t.test('users read and change their own names', async (t) => {
  const { signUp } = await buildTestApp(t)
  const user = await signUp()
  const { status, body } = await user.get('/me')
  t.equal(status, 200)
  t.match(body, { id: user.user?.id, email: user.user?.email, role: 'user', status: 'active' })
  t.match(await user.patch('/me', { firstName: 'Grace' }), {
    status: 200,
    body: { firstName: 'Grace', lastName: 'Test' },
  })
  t.match((await user.get('/me')).body, { firstName: 'Grace' })
})
