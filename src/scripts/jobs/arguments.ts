import { parseArgs } from 'node:util'
import { UsageError, withUsageErrors } from '../command-line/arguments.js'

export const USAGE = `Usage:
  npm run jobs -- list [--failed] [--json]      list open jobs and dead letters, with their errors
  npm run jobs -- retry (<id> | --all)          retry dead letters
  npm run jobs -- discard (<id> | --all)        delete dead letters
Dead letters are jobs that failed for the last time.`

const COMMANDS = ['list', 'retry', 'discard'] as const
type CommandName = (typeof COMMANDS)[number]

export type Arguments = {
  command: CommandName
  /** Undefined for all dead letters. */
  id: string | undefined
  failed: boolean
  json: boolean
}

const OPTIONS = {
  failed: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
} as const

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

const isCommand = (name: string): name is CommandName => (COMMANDS as readonly string[]).includes(name)

/** @throws {UsageError} when the command, an option or an argument is invalid or missing */
export function parseArguments([command = '', ...args]: string[]): Arguments {
  if (!isCommand(command))
    throw new UsageError(command === '' ? 'a command is missing' : `unknown command ${command}`)
  const parsed = withUsageErrors(() => parseArgs({ args, options: OPTIONS, allowPositionals: true }))
  const { positionals, values } = parsed
  const { all, failed, json } = values
  const [id, second] = positionals
  if (second !== undefined) throw new UsageError(`one id at a time, not ${positionals.join(' ')}`)
  if (command === 'list') {
    if (id !== undefined || all) throw new UsageError('list takes neither an id nor --all')
  } else {
    if (failed || json) throw new UsageError(`${command} takes an id or --all, and nothing else`)
    if ((id === undefined) !== all) throw new UsageError(`${command} needs either an id or --all`)
  }
  if (id !== undefined && !UUID.test(id)) throw new UsageError(`${id} is not a job id`)
  return { command, id, failed, json }
}
