import { randomBytes } from 'node:crypto'
import type { Config } from '../../src/config/index.js'
import { openPostgres } from '../../src/lib/database-url/index.js'

export type FirstAdmin = { email: string; password: string }

const EMAIL = 'admin@example.com'

/**
 * Creates the first super_admin of a database without users. Returns the only copy of the password, or
 * undefined when there are users.
 */
export async function createFirstAdmin(config: Config, url: string): Promise<FirstAdmin | undefined> {
  if (await hasUsers(url)) return undefined
  // Loaded only when needed: it would slow down every other start.
  const { createAccount } = await import('../../src/scripts/create-user/create-account.js')
  const { EmailTaken } = await import('../../src/lib/errors/errors.js')
  const password = randomBytes(18).toString('base64url')
  const admin = {
    email: EMAIL,
    firstName: 'First',
    lastName: 'Admin',
    role: 'super_admin',
    password,
  } as const
  try {
    await createAccount(config, url, 'cli:dev', admin)
    return { email: EMAIL, password }
  } catch (error) {
    // Another `npm run dev`, started at the same moment, was faster and has the password.
    if (error instanceof EmailTaken) return undefined
    throw error
  }
}

async function hasUsers(url: string): Promise<boolean> {
  const sql = openPostgres(url, { max: 1, fetch_types: false })
  try {
    const [row] = await sql<{ exists: boolean }[]>`select exists (select from users)`
    return row?.exists === true
  } finally {
    await sql.end()
  }
}
