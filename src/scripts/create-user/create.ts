import { loadConfig } from '../../config/index.js'
import { openDatabase } from '../../db/lifecycle/open.js'
import type { User } from '../../db/schema/users.js'
import { createBreachCheck } from '../../lib/auth/breached-passwords.js'
import { checkPassword } from '../../lib/auth/password-policy.js'
import { EmailTaken } from '../../lib/errors/errors.js'
import { requireMigrations } from '../command-line/require-migrations.js'
import { type Arguments, refuseGaps, refuseMistakes } from './arguments.js'
import { type Account, createAccount } from './create-account.js'
import { hasAccount } from './has-account.js'
import type { IsTaken } from './questions.js'
import { readPassword } from './read-password.js'

/**
 * Creates the user. In a terminal it asks for missing arguments, after
 * it has checked that the database is ready and the given address free.
 *
 * @throws {UsageError} when arguments are invalid, or missing without a terminal
 * @throws {MigrationError} when the database lacks migrations
 * @throws {PasswordTooCommon} when the password is easy to guess or was found in a breach
 * @throws {EmailTaken} when the address has an account
 */
export async function create(args: Arguments): Promise<User> {
  const isTerminal = process.stdin.isTTY && process.stderr.isTTY
  if (!isTerminal) refuseGaps(args)
  const given = {
    ...args.given,
    ...(args.readsPassword && { password: await readPassword(process.stdin) }),
  }
  refuseMistakes(given)
  const config = loadConfig()
  const database = await openDatabase(config)
  try {
    await requireMigrations(database)
    const isTaken: IsTaken = (email) => hasAccount(config, database.directUrl, email)
    if (given.email !== undefined && (await isTaken(given.email))) throw new EmailTaken()
    const account = isTerminal ? await complete(given, isTaken) : ({ role: 'user', ...given } as Account)
    const breachesUrl = config.BREACHED_PASSWORDS_URL
    await checkPassword(account.password, account, breachesUrl ? createBreachCheck(breachesUrl) : undefined)
    return await createAccount(config, database.directUrl, 'cli:create-user', account)
  } finally {
    await database.close()
  }
}

async function complete(given: Partial<Account>, isTaken: IsTaken): Promise<Account> {
  const { askForMissing } = await import('./questions.js')
  return askForMissing(given, isTaken)
}
