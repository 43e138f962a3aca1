import { AccountDisabled, EmailTaken } from '../errors/errors.js'
import type { UserStatus } from './roles.js'

export type NewAccount = { password: string; firstName: string; lastName: string }

/** Of an invitation. `callerId` is the signed-in user, if there is one; `ip` where the request comes from. */
export type Acceptance = {
  token: string
  ip: string
  account: Partial<NewAccount>
  callerId?: string | undefined
}

const FIELDS = ['password', 'firstName', 'lastName'] as const

/** As the schema's refusal: which fields an account needs shows only once the token has been looked up. */
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
 * What an account is opened with, by whoever has proved the mailbox; undefined where there is one already. A pending account
 * is none yet: anybody may have registered the address.
 * @throws AccountDisabled, EmailTaken where an account that is in use would get another password, and MissingFields
 */
export function accountToOpen(
  status: UserStatus | undefined,
  given: Partial<NewAccount>,
): NewAccount | undefined {
  if (status === 'disabled') throw new AccountDisabled()
  const missing = FIELDS.filter((name) => given[name] === undefined)
  if (status === 'active') {
    if (missing.length < FIELDS.length) throw new EmailTaken()
    return undefined
  }
  if (missing.length > 0) throw new MissingFields(missing)
  return given as NewAccount
}
