import { input, password, select } from '@inquirer/prompts'
import { checkPassword, type Person } from '../../lib/auth/password-policy.js'
import { USER_ROLES } from '../../lib/auth/roles.js'
import { EmailTaken, PasswordTooCommon } from '../../lib/errors/errors.js'
import type { Account } from './create-account.js'
import { FIELDS, type Field, isAcceptable } from './fields.js'

/** Standard output is for the result: it may be a file or a pipe. */
const context = { output: process.stderr }

/** Whether an address has an account. */
export type IsTaken = (email: string) => Promise<boolean>

/**
 * Asks for the fields that are not given.
 *
 * @throws {ExitPromptError} on Ctrl-C; recognized by its `name`
 */
export async function askForMissing(given: Partial<Account>, isTaken: IsTaken): Promise<Account> {
  const email = given.email ?? (await askForEmail(isTaken))
  const firstName = given.firstName ?? (await ask('firstName', 'First name'))
  const lastName = given.lastName ?? (await ask('lastName', 'Last name'))
  const choices = USER_ROLES.map((value) => ({ value }))
  const role = given.role ?? (await select({ message: 'Role', choices, default: 'user' as const }, context))
  const person = { email, firstName, lastName }
  return { ...person, role, password: given.password ?? (await askForPassword(person)) }
}

async function askForEmail(isTaken: IsTaken): Promise<string> {
  return ask('email', 'E-mail address', async (email) =>
    (await isTaken(email)) ? new EmailTaken().message : true,
  )
}

/** @param check returns true, or what is wrong with an acceptable answer; default: nothing is */
async function ask(
  field: Field,
  message: string,
  check: (answer: string) => Promise<true | string> = async () => true,
): Promise<string> {
  const validate = (answer: string) =>
    isAcceptable(field, answer.trim()) ? check(answer.trim()) : `It ${FIELDS[field].rule}.`
  return (await input({ message, validate }, context)).trim()
}

async function askForPassword(person: Person): Promise<string> {
  const validate = (answer: string) => validatePassword(answer, person)
  for (;;) {
    const first = await password({ message: 'Password (12 characters or more)', validate }, context)
    const second = await password({ message: 'Repeat the password' }, context)
    if (first === second) return first
    console.error('The passwords differ. Please enter them again.')
  }
}

async function validatePassword(answer: string, person: Person): Promise<true | string> {
  if (!isAcceptable('password', answer)) return `It ${FIELDS.password.rule}.`
  try {
    await checkPassword(answer, person)
    return true
  } catch (error) {
    if (error instanceof PasswordTooCommon) return error.message
    throw error
  }
}
