import { AccountDisabled, EmailTaken } from '../errors/errors.js'
import type { UserStatus } from './roles.js'

export type NewAccount = { password: string; firstName: string; lastName: string }

/**
 * The acceptance of an invitation. `callerId` is the signed-in user, if any; `ip` is the client's
 * address.
 */
export type Acceptance = {
  token: string
  ip: string
  account: Partial<NewAccount>
  callerId?: string | undefined
}

const FIELDS = ['password', 'firstName', 'lastName'] as const

/**
 * Has the form of Fastify's validation errors. The schema cannot require these fields: whether an account
 * needs them is known only after the token has been looked up.
 */
export class MissingFields extends Error {
  readonly statusCode = 400
  readonly validationContext = 'body'
  readonly validation: { instancePath: string; keyword: string; params: { missingProperty: string } }[]

  constructor(names: readonly string[] = FIELDS) {
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
 * @throws {EmailTaken} when all fields are given, and an active account would get another password
 * @throws {MissingFields} when a field of the new account is missing
 */
export function accountToOpen(
  status: UserStatus | undefined,
  fields: Partial<NewAccount>,
): NewAccount | undefined {
  if (status === 'disabled') throw new AccountDisabled()
  const missing = FIELDS.filter((name) => fields[name] === undefined)
  if (status === 'active') {
    if (missing.length < FIELDS.length) throw new EmailTaken()
    return undefined
  }
  if (missing.length > 0) throw new MissingFields(missing)
  return fields as NewAccount
}
