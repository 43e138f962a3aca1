import postgres from 'postgres'
import { OperatorError } from '../../lib/operator-error.js'
import { UsageError } from '../arguments.js'

export type Commands = ReadonlyMap<string, (args: string[]) => Promise<void>>

/** Does what the command line asks for; a mistake is told, and the exit code is 1. */
export async function runCommand(commands: Commands, usage: string): Promise<void> {
  const [name = '', ...args] = process.argv.slice(2)
  const command = commands.get(name)
  try {
    if (command === undefined)
      throw new UsageError(name === '' ? 'a command is missing' : `unknown command ${name}`)
    await command(args)
  } catch (error) {
    console.error(explain(error, usage))
    process.exitCode = 1
  }
}

/** A foreseeable mistake in plain lines; anything else is a bug, whose stack is wanted. */
function explain(error: unknown, usage: string): unknown {
  if (error instanceof UsageError) return `db: ${error.message}\n${usage}`
  const foreseeable = [OperatorError, postgres.PostgresError]
  if (foreseeable.some((kind) => error instanceof kind)) return `db: ${(error as Error).message}`
  return error
}
