import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../../lib/auth/passwords.js'
import { PasswordTooCommon } from '../../lib/errors/errors.js'

/** Messages for the user, by field. */
export type Refusals = Record<string, string>

export const DIFFERENT_PASSWORDS: Refusals = {
  password: 'The two passwords differ. Enter the same one in both fields.',
}

const NAME = 'Enter a name on one line, with at most 100 characters.'
/** By field and by keyword of the schema. */
const MESSAGES: Record<string, Record<string, string>> = {
  password: {
    required: 'Choose a password.',
    minLength: `This password is too short: it needs at least ${PASSWORD_MIN_LENGTH} characters.`,
    maxLength: `This password is too long: it can have at most ${PASSWORD_MAX_LENGTH} characters.`,
  },
  firstName: { required: NAME, minLength: NAME, maxLength: NAME, format: NAME },
  lastName: { required: NAME, minLength: NAME, maxLength: NAME, format: NAME },
}

type Failure = { instancePath: string; keyword: string; params: { missingProperty?: string } }

/**
 * Returns the messages for a validation error or a refused password, by field of the form. Any other error is
 * thrown again: browsers cannot cause it with this form.
 *
 * @throws {Error} the given error, when it is not about a field that the user fills in
 */
export function refusalsOf(error: Error): Refusals {
  if (error instanceof PasswordTooCommon) return { password: error.message }
  const { validation = [] } = error as Error & { validation?: Failure[] }
  if (validation.length === 0) throw error
  return Object.fromEntries(
    validation.map(({ instancePath, keyword, params }) => {
      const field = params.missingProperty ?? instancePath.slice(1)
      const message = MESSAGES[field]?.[keyword]
      if (!message) throw error
      return [field, message]
    }),
  )
}
