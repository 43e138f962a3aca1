import { parseOptions, UsageError } from '../command-line/arguments.js'
import type { Account } from './create-account.js'
import { FIELDS, type Field, isAcceptable } from './fields.js'

export const USAGE = `Usage: npm run create-user -- [options]
  --email <address>
  --first-name <name>
  --last-name <name>
  --role <super_admin|user>   without a terminal, the default is user
  --password-stdin            read the password from standard input
  --json                      print the new user as JSON; npm run --silent prints nothing else
  --help                      print this
In a terminal, you are asked for missing options.`

export type Arguments = {
  /** The fields that options give. Their values are not checked yet. */
  given: Partial<Omit<Account, 'password'>>
  readsPassword: boolean
  json: boolean
  help: boolean
}

/** @throws {UsageError} when an option is unknown or lacks its value */
export function parseArguments(args: string[]): Arguments {
  const values = parseOptions(args, {
    email: { type: 'string' },
    'first-name': { type: 'string' },
    'last-name': { type: 'string' },
    role: { type: 'string' },
    'password-stdin': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  })
  const { email, 'first-name': firstName, 'last-name': lastName, role } = values
  const fields = Object.entries({ email, firstName, lastName, role })
  const given = Object.fromEntries(fields.filter(([, value]) => value !== undefined))
  return { given, readsPassword: values['password-stdin'], json: values.json, help: values.help }
}

/** @throws {UsageError} when a value is invalid; names all of them in one line */
export function refuseMistakes(given: Partial<Account>): void {
  const wrong = (Object.keys(given) as Field[]).filter((field) => !isAcceptable(field, given[field]))
  if (wrong.length > 0) throw new UsageError(wrong.map(explain).join('; '))
}

const explain = (field: Field): string => `${FIELDS[field].flag} ${FIELDS[field].rule}`

/**
 * For runs without a terminal, where no question can be answered.
 *
 * @throws {UsageError} when a required option is missing; names all of them in one line
 */
export function refuseGaps({ given, readsPassword }: Arguments): void {
  const needed = ['email', 'firstName', 'lastName'] as const
  const missing: string[] = needed
    .filter((field) => given[field] === undefined)
    .map((field) => FIELDS[field].flag)
  if (!readsPassword) missing.push(FIELDS.password.flag)
  if (missing.length === 0) return
  throw new UsageError(`without a terminal, these options are required: ${missing.join(', ')}`)
}
