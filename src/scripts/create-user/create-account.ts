import type { Config } from '../../config/index.js'
import { createDatabaseClient, databaseOptions } from '../../db/driver/client.js'
import { createUser } from '../../db/queries/accounts/users.js'
import type { User } from '../../db/schema/users.js'
import { withActor } from '../../lib/audit/context.js'
import { hashPassword } from '../../lib/auth/passwords.js'
import type { UserRole } from '../../lib/auth/roles.js'
import { normalizeEmail } from '../../lib/schema/email.js'

export type Account = {
  email: string
  firstName: string
  lastName: string
  role: UserRole
  password: string
}

/**
 * Creates an active user with a verified address.
 *
 * @throws {EmailTaken} when the address has an account
 */
export async function createAccount(
  config: Config,
  url: string,
  actor: `cli:${string}`,
  { password, ...user }: Account,
): Promise<User> {
  const hashing = { memoryKib: config.ARGON2_MEMORY_KIB, passes: config.ARGON2_PASSES }
  const passwordHash = await hashPassword(password, hashing)
  const { db, close } = createDatabaseClient(databaseOptions(config, url, actor))
  try {
    return await withActor(actor, () =>
      createUser(db, { ...user, email: normalizeEmail(user.email), passwordHash }),
    )
  } finally {
    await close()
  }
}
