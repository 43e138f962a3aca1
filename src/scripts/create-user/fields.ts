import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../../lib/auth/passwords.js'
import { USER_ROLES } from '../../lib/auth/roles.js'
import { StrictObject } from '../../lib/schema/schemas.js'
import { CreateUser } from '../../lib/schema/user-schemas.js'
import { matchesSchema } from '../../lib/schema/validation.js'
import type { Account } from './create-account.js'

export type Field = keyof Account

const NAME_RULE = 'must be one line of 1 to 100 characters'

/** The option of each field, and the rule of the API's schema as a text for the terminal. */
export const FIELDS: Record<Field, { flag: string; rule: string }> = {
  email: { flag: '--email', rule: 'must be an e-mail address such as ada@example.com' },
  firstName: { flag: '--first-name', rule: NAME_RULE },
  lastName: { flag: '--last-name', rule: NAME_RULE },
  role: { flag: '--role', rule: `must be ${USER_ROLES.join(' or ')}` },
  password: {
    flag: '--password-stdin',
    rule: `must be a password of ${PASSWORD_MIN_LENGTH} to ${PASSWORD_MAX_LENGTH} characters`,
  },
}

/** Checks a value against the API's schema. In an object, because Ajv applies no default at the root. */
export const isAcceptable = (field: Field, value: unknown): boolean =>
  matchesSchema(StrictObject({ value: CreateUser.properties[field] }), { value })
