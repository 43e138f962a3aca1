import postgres from 'postgres'
import { createDatabaseClient } from '../../src/db/driver/client.js'
import { createUser } from '../../src/db/queries/accounts/users.js'
import { hashPassword } from '../../src/lib/auth/passwords.js'
import type { UserRole } from '../../src/lib/auth/roles.js'
import { clientOptions } from '../../test/helpers/audit.js'

/**
 * As many as the servers have database connections. Each changes its
 * own row, so that no write waits for another.
 */
export const CLIENTS = 10
const OTHER_USERS = 200
const PASSWORD = 'a long and quiet sentence'

export type Account = { id: string; email: string }

export async function createAccounts(url: string, role: UserRole, clients = CLIENTS): Promise<Account[]> {
  const client = createDatabaseClient(clientOptions(url, 1))
  const passwordHash = await hashPassword(PASSWORD)
  const accounts: Account[] = []
  for (let i = 0; i < clients + OTHER_USERS; i += 1) {
    const user = { email: `ada-${i}@example.com`, firstName: 'Ada', lastName: 'Lovelace' }
    if (i < clients) accounts.push(await createUser(client.db, { ...user, role, passwordHash }))
    else await createUser(client.db, user)
  }
  await client.close()
  const sql = postgres(url, { max: 1 })
  await sql`vacuum analyze users`
  await sql.end()
  return accounts
}

/** Signs in each account. Returns the headers that its client sends with every request. */
export function signIn(origin: string, accounts: readonly Account[]): Promise<Record<string, string>[]> {
  return Promise.all(
    accounts.map(async ({ id, email }) => {
      const body = JSON.stringify({ email, password: PASSWORD })
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${origin}/api/v1/auth/login`, { method: 'POST', headers, body })
      if (!response.ok) throw new Error(`${email} cannot sign in: ${response.status}`)
      const { accessToken } = (await response.json()) as { accessToken: string }
      return { authorization: `Bearer ${accessToken}`, 'user-id': id }
    }),
  )
}
