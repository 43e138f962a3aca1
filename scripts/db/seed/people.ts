import type { Config } from '../../../src/config/index.js'
import type { Db } from '../../../src/db/driver/client.js'
import { createUser, findUserByEmail } from '../../../src/db/queries/accounts/users.js'
import { createUserAs, updateUserAs } from '../../../src/db/queries/administration/user-administration.js'
import { createSession } from '../../../src/db/queries/sessions/create-session.js'
import type { User } from '../../../src/db/schema/users.js'
import { hashPassword } from '../../../src/lib/auth/passwords.js'
import { EVERYONE, PASSWORD, type SamplePerson } from './sample.js'

const BROWSERS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1',
]

/** @param adminId a super_admin; undefined creates the first one */
export async function seedPerson(
  db: Db,
  config: Config,
  { status = 'active', role = 'user', ...person }: SamplePerson,
  adminId: string | undefined,
): Promise<User> {
  const fields = { ...person, role }
  const user = status === 'pending' ? fields : await withPassword(fields, config)
  if (adminId === undefined) return createUser(db, user)
  const created = await createUserAs(db, adminId, user)
  if (status === 'active') await seedSessions(db, config, created)
  return status === 'disabled' ? updateUserAs(db, adminId, created.id, { status }) : created
}

export async function findPeople(db: Db): Promise<User[]> {
  const found = await Promise.all(EVERYONE.map(({ email }) => findUserByEmail(db, email)))
  return found.filter((user) => user !== undefined)
}

async function withPassword<T>(user: T, { ARGON2_MEMORY_KIB, ARGON2_PASSES }: Config) {
  const passwordHash = await hashPassword(PASSWORD, { memoryKib: ARGON2_MEMORY_KIB, passes: ARGON2_PASSES })
  return { ...user, passwordHash }
}

async function seedSessions(db: Db, config: Config, user: User): Promise<void> {
  const lifetimes = {
    absolute: config.SESSION_TTL_SECONDS,
    idle: config.REFRESH_TOKEN_TTL_SECONDS,
    grace: config.REFRESH_TOKEN_GRACE_SECONDS,
  }
  for (const userAgent of BROWSERS) {
    const session = { user, ip: '127.0.0.1', userAgent, maxPerUser: config.SESSIONS_PER_USER_MAX }
    await createSession(db, session, lifetimes)
  }
}
