import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../../lib/auth/passwords.js'
import { PasswordTooCommon } from '../../lib/errors/errors.js'

/** What is wrong, in words, by field. */
export type Refusals = Record<string, string>

export const DIFFERENT_PASSWORDS: Refusals = {
  password: 'The two passwords differ. Enter the same one in both fields.',
}

const NAME = 'Enter a name: on one line, with at most 100 characters.'
const WORDS: Record<string, Record<string, string>> = {
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
 * What is told at the form's own fields, by field; what else does not fit comes from no browser, and is thrown on.
 * A schema's refusal, or what only shows when the password is looked at.
 */
export function refusalsOf(error: Error): Refusals {
  if (error instanceof PasswordTooCommon) return { password: error.message }
  const { validation = [] } = error as Error & { validation?: Failure[] }
  if (validation.length === 0) throw error
  return Object.fromEntries(
    validation.map(({ instancePath, keyword, params }) => {
      const field = params.missingProperty ?? instancePath.slice(1)
      const words = WORDS[field]?.[keyword]
      if (!words) throw error
      return [field, words]
    }),
  )
}
