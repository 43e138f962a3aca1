import { UsageError } from './arguments.js'
import { explain } from './explain.js'

type Program = {
  name: string
  usage: string
  commands: ReadonlyMap<string, (args: string[]) => Promise<void>>
}

/** Runs the command of the first argument. On an error, prints it and sets the exit code to 1. */
export async function runCommand({ name: program, usage, commands }: Program): Promise<void> {
  const [name = '', ...args] = process.argv.slice(2)
  const command = commands.get(name)
  try {
    if (command === undefined)
      throw new UsageError(name === '' ? 'a command is missing' : `unknown command ${name}`)
    await command(args)
  } catch (error) {
    console.error(explain(program, error))
    if (error instanceof UsageError) console.error(usage)
    process.exitCode = 1
  }
}
