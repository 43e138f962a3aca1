import postgres from 'postgres'
import { isUnavailable } from '../db/errors.js'
import { OperatorError } from '../lib/operator-error.js'
import { UsageError } from './arguments.js'
import { commands } from './audit/commands.js'

const USAGE = `Usage:
  npm run audit:verify [-- --anchor <number>:<hash>]  is every sealed row still as it was?
  npm run audit:seal                                  seal what can be sealed now
  npm run audit:keys                                  make a key to seal with
  npm run audit:erase -- --user <id>                  erase the personal data of one user
An anchor is the head that an earlier run has printed.`

const [name = '', ...args] = process.argv.slice(2)
const command = commands.get(name)

try {
  if (command === undefined)
    throw new UsageError(name === '' ? 'a command is missing' : `unknown command ${name}`)
  await command(args)
} catch (error) {
  console.error(explain(error))
  process.exitCode = 1
}

/** A foreseeable mistake in plain lines; anything else is a bug, whose stack is wanted. */
function explain(error: unknown): unknown {
  if (error instanceof UsageError) return `audit: ${error.message}\n${USAGE}`
  const foreseeable = [OperatorError, postgres.PostgresError]
  if (foreseeable.some((kind) => error instanceof kind)) return `audit: ${(error as Error).message}`
  return isUnavailable(error) ? 'audit: the database does not answer' : error
}
