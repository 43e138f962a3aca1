import { createUser, getUserById } from '../../src/db/queries/accounts/users.js'
import { createOrganization } from '../../src/db/queries/organizations/organizations.js'
import { createSession } from '../../src/db/queries/sessions/create-session.js'
import type { User } from '../../src/db/schema/users.js'
import { withActor } from '../../src/lib/audit/context.js'
import { hashPassword } from '../../src/lib/auth/passwords.js'
import type { UserRole } from '../../src/lib/auth/roles.js'
import { PASSWORD, type TestApp } from '../helpers/app.js'
import { type Client, createClient } from '../helpers/client.js'
import { addMember, type TestOrganization } from '../helpers/organizations.js'
import type { CallerName } from './cells.js'

/**
 * The caller and organization of one request. Each request gets a new scene, so that none depends
 * on another.
 */
export type Scene = {
  caller: Client
  /** The organization of which the caller is a member, or not. */
  organization: TestOrganization
}

export type World = TestApp & {
  /** A super_admin who creates the objects of the requests. */
  root: Client
  newUser: (role?: UserRole) => Promise<Client>
  /** Adds a session and returns its id. */
  newSession: (client: Client) => Promise<string>
  newOrganization: (owner: Client) => Promise<TestOrganization>
  newScene: (caller: CallerName) => Promise<Scene>
}

const LIFETIMES = { absolute: 3600, idle: 3600, grace: 0 }

/**
 * Creates hundreds of users with one password hash and without sign-in requests, which are slow on
 * purpose.
 */
export async function createWorld(testApp: TestApp): Promise<World> {
  const { app, anonymous } = testApp
  const passwordHash = await hashPassword(PASSWORD)
  let count = 0

  const signIn = (user: User) =>
    createSession(app.db, { user, ip: '127.0.0.1', userAgent: undefined, maxPerUser: 1_000 }, LIFETIMES)

  const newUser = async (role: UserRole = 'user'): Promise<Client> => {
    count += 1
    const email = `caller-${count}@example.com`
    const user = await createUser(app.db, { email, firstName: 'Ada', lastName: 'Test', role, passwordHash })
    const { id: sessionId, refreshToken } = await signIn(user)
    const accessToken = app.accessTokens.sign({ userId: user.id, sessionId, role })
    return createClient(app, { id: user.id, email, accessToken, refreshToken })
  }

  const newSession = async (client: Client): Promise<string> =>
    (await signIn(await getUserById(app.db, String(client.user?.id)))).id

  const newOrganization = async (owner: Client): Promise<TestOrganization> => {
    count += 1
    const { id } = await createOrganization(app.db, String(owner.user?.id), { name: `Organization ${count}` })
    return { id, path: `/organizations/${id}` }
  }

  const [root, owner] = await withActor('cli:test', async () => [
    await newUser('super_admin'),
    await newUser(),
  ])

  const newScene = (name: CallerName): Promise<Scene> =>
    withActor('cli:test', async () => {
      const organization = await newOrganization(owner)
      if (name === 'anonymous') return { caller: anonymous, organization }
      const caller = await newUser(name === 'super_admin' ? name : 'user')
      if (name === 'org_admin elsewhere') await newOrganization(caller)
      if (name === 'member' || name === 'org_admin') await addMember(app, organization, caller, name)
      return { caller, organization }
    })

  return { ...testApp, root, newUser, newSession, newOrganization, newScene }
}
