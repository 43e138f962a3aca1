import { eq, sql } from 'drizzle-orm'
import type { UserStatus } from '../../../lib/auth/roles.js'
import { AccountDisabled, EmailTaken } from '../../../lib/errors/errors.js'
import { type NewAccount, newAccount } from '../../../lib/schema/user-schemas.js'
import type { Tx } from '../../driver/client.js'
import type { StoredIn } from '../../schema/columns.js'
import { users } from '../../schema/users.js'
import { endSessions } from '../sessions/sessions.js'
import { findUserByEmail } from './users.js'

/** The fields of a new account, with its password hashed. */
export type HashedAccount = StoredIn<typeof users, Omit<NewAccount, 'password'> & { passwordHash: string }>

/**
 * Has the form of Fastify's validation errors. The schema cannot require these fields: whether an account
 * needs them is known only after the token has been looked up.
 */
export class MissingFields extends Error {
  readonly statusCode = 400
  readonly validationContext = 'body'
  readonly validation: { instancePath: string; keyword: string; params: { missingProperty: string } }[]

  constructor(names: readonly string[] = newAccount.required) {
    super('Some fields are missing')
    this.validation = names.map((missingProperty) => ({
      instancePath: '',
      keyword: 'required',
      params: { missingProperty },
    }))
  }
}

/**
 * Returns the fields of the account to open for a caller who has proved the mailbox, or undefined when the
 * account exists. `status` is undefined when there is no account. A pending account counts as none: anyone
 * could have registered the address.
 * @throws {AccountDisabled} when the account is disabled
 * @throws {EmailTaken} when a field is given, but the address has an active account
 * @throws {MissingFields} when a field of the new account is missing
 */
export function accountToOpen(
  status: UserStatus | undefined,
  fields: Partial<NewAccount>,
): NewAccount | undefined {
  if (status === 'disabled') throw new AccountDisabled()
  if (status === 'active') {
    if (Object.keys(fields).length > 0) throw new EmailTaken()
    return undefined
  }
  if (!isComplete(fields)) throw new MissingFields(missingIn(fields))
  return fields
}

const missingIn = (fields: Partial<NewAccount>): string[] =>
  newAccount.required.filter((name) => fields[name] === undefined)

const isComplete = (fields: Partial<NewAccount>): fields is NewAccount => missingIn(fields).length === 0

/**
 * Opens the account of a caller who has proved the mailbox, and returns its id. Replaces a pending
 * account with its password, sessions and links, because its creator may not own the mailbox.
 * @throws {AccountDisabled} when the account is disabled
 * @throws {EmailTaken} when the account is active
 */
export async function openAccount(tx: Tx, email: string, account: HashedAccount): Promise<string> {
  const row = { ...account, status: 'active' as const, emailVerifiedAt: new Date() }
  const [opened] = await tx
    .insert(users)
    .values({ ...row, email })
    .onConflictDoUpdate({
      target: users.email,
      set: { ...row, updatedAt: sql`now()` },
      setWhere: sql`${users.status} = 'pending'`,
    })
    .returning({ id: users.id })
  if (!opened) {
    const user = await findUserByEmail(tx, email)
    throw user?.status === 'disabled' ? new AccountDisabled() : new EmailTaken()
  }
  await endSessions(tx, opened.id)
  return opened.id
}

/**
 * Returns the id of the active account, and blocks changes of it until the transaction ends.
 * @throws {AccountDisabled} when the account is disabled
 * @throws {MissingFields} when there is no account, or a pending one
 */
export async function getActiveAccount(tx: Tx, email: string): Promise<string> {
  const [user] = await tx.select().from(users).where(eq(users.email, email)).for('share')
  if (!user || accountToOpen(user.status, {})) throw new MissingFields()
  return user.id
}
