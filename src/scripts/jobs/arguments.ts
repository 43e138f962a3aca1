import { parseArgs } from 'node:util'
import { explained, UsageError } from '../command-line/arguments.js'

export const USAGE = `Usage:
  npm run jobs -- list [--failed] [--json]      what is not done, and why
  npm run jobs -- retry (<id> | --all)          have dead letters tried again
  npm run jobs -- discard (<id> | --all)        forget them
Dead letters are jobs that failed for good.`

const COMMANDS = ['list', 'retry', 'discard'] as const
type CommandName = (typeof COMMANDS)[number]

export type Arguments = {
  command: CommandName
  /** Undefined for all of them. */
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

/** @throws UsageError */
export function parseArguments([command = '', ...args]: string[]): Arguments {
  if (!isCommand(command))
    throw new UsageError(command === '' ? 'a command is missing' : `unknown command ${command}`)
  const parsed = explained(() => parseArgs({ args, options: OPTIONS, allowPositionals: true }))
  const { positionals, values } = parsed
  const { all, failed, json } = values
  const [id, second] = positionals
  if (second !== undefined) throw new UsageError(`one id at a time, not ${positionals.join(' ')}`)
  if (command === 'list') {
    if (id !== undefined || all) throw new UsageError('list takes neither an id nor --all')
  } else {
    if (failed || json) throw new UsageError(`${command} takes an id or --all, and nothing else`)
    if ((id === undefined) !== all) throw new UsageError(`${command} what? An id, or --all`)
  }
  if (id !== undefined && !UUID.test(id)) throw new UsageError(`${id} is no id of a job`)
  return { command, id, failed, json }
}
