import { sql } from 'drizzle-orm'
import { withReplicas } from 'drizzle-orm/pg-core'
import { createDatabaseClient } from '../../src/db/driver/client.js'
import { listUsers } from '../../src/db/queries/accounts/user-lists.js'
import { createUser, findUserById } from '../../src/db/queries/accounts/users.js'
import { listMembers } from '../../src/db/queries/organizations/memberships.js'
import { createOrganization } from '../../src/db/queries/organizations/organizations.js'
import { users } from '../../src/db/schema/users.js'
import { withOrganization } from '../../src/db/tenancy/scopes.js'
import { withActor } from '../../src/lib/audit/context.js'
import { NotFound } from '../../src/lib/errors/errors.js'
import { clientOptions } from '../helpers/audit.js'
import { connect, createTestDatabase } from '../helpers/database.js'
import { moved } from '../helpers/moved.js'
import t from '../tap.js'

/**
 * Uses a second database as the replica, so that reads from it differ from the writes to the
 * primary.
 */
async function openBoth() {
  const [first, second] = [await createTestDatabase(t), await createTestDatabase(t)]
  const primary = createDatabaseClient(clientOptions(first.url))
  const replica = createDatabaseClient(clientOptions(second.url))
  t.teardown(() => Promise.all([primary.close(), replica.close()]))
  return { first, primary: primary.db, replica: replica.db, reads: withReplicas(primary.db, [replica.db]) }
}

const { first, primary, replica, reads } = await openBoth()
const person = { firstName: 'Ada', lastName: 'Test' }
const emailsOf = async (db: typeof primary) =>
  (await listUsers(db, { limit: 20, sort: 'email' })).data.map(({ email }) => email)

t.test('selects go to a replica, and writes go to the primary with their entry', async (t) => {
  await createUser(replica, { ...person, email: 'late@example.com' })
  const user = await withActor('cli:test', () => createUser(reads, { ...person, email: 'new@example.com' }))
  t.strictSame([await emailsOf(reads), await emailsOf(primary)], [['late@example.com'], ['new@example.com']])
  t.equal(await findUserById(reads, user.id), undefined, 'a read does not see the write on the primary')
  t.equal((await findUserById(reads.$primary, user.id))?.id, user.id)

  const entries = await moved(connect(t, first.ownerUrl))`select actor, object_id from audit.audit_log`
  t.strictSame([...entries], [{ actor: 'cli:test', object_id: user.id }])
})

t.test('transactions and raw SQL go to the primary', async (t) => {
  const read = await reads.transaction((tx) => tx.select({ email: users.email }).from(users))
  t.strictSame(read, [{ email: 'new@example.com' }])
  t.match(await reads.execute(sql`select email from users`), [{ email: 'new@example.com' }])
})

t.test('a scope uses the primary unless it is opened on the replica itself', async (t) => {
  const caller = {
    userId: (await createUser(primary, { ...person, email: 'admin@example.com' })).id,
    role: 'user',
  } as const
  const { id } = await createOrganization(primary, caller.userId, { name: 'Engines' })
  const members = async (db: typeof primary) =>
    (
      await withOrganization(db, caller, id, 'members.read', (scope) =>
        listMembers(scope, { limit: 20, sort: 'email' }),
      )
    ).data
  t.match(await members(reads), [{ email: 'admin@example.com' }])
  await t.rejects(members(replica), new NotFound(), 'the organization is not on the replica')
})
