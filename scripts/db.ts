import postgres from 'postgres'
import { OperatorError } from '../src/lib/operator-error.js'
import { UsageError } from './arguments.js'
import { commands } from './db/commands.js'

const USAGE = `Usage:
  npm run db:generate -- --name <name> [--custom]       write the next migration, up and down
  npm run db:upgrade [-- <revision>]                    apply what is missing, up to a revision
  npm run db:downgrade -- (-<steps> | <revision> | base)  revert the newest, or all above a revision
  npm run db:status                                     what this database has of the migrations
  npm run db:check                                      do schema, snapshots and files agree?
A revision is a number such as 0003, or a migration's full name.`

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
  if (error instanceof UsageError) return `db: ${error.message}\n${USAGE}`
  const foreseeable = [OperatorError, postgres.PostgresError]
  if (foreseeable.some((kind) => error instanceof kind)) return `db: ${(error as Error).message}`
  return error
}
