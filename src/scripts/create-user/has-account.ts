import type { Config } from '../../config/index.js'
import { createDatabaseClient, databaseOptions } from '../../db/driver/client.js'
import { findUserByEmail } from '../../db/queries/accounts/users.js'
import { normalizeEmail } from '../../lib/schema/email.js'

/** Whether the address has an account, in any case of its letters. */
export async function hasAccount(config: Config, url: string, email: string): Promise<boolean> {
  const { db, close } = createDatabaseClient(databaseOptions(config, url, 'cli:create-user'))
  try {
    return (await findUserByEmail(db, normalizeEmail(email))) !== undefined
  } finally {
    await close()
  }
}
