import { parseArgs } from 'node:util'
import { explained, UsageError } from '../command-line/arguments.js'

/** The one argument of a command that has no options; a step count such as `-1` is no option here. */
export function parsePositional(args: string[]): string | undefined {
  const steps = args.findIndex((arg) => /^-\d+$/.test(arg))
  const escaped = steps === -1 ? args : args.toSpliced(steps, 0, '--')
  const { positionals } = explained(() => parseArgs({ args: escaped, allowPositionals: true }))
  if (positionals.length > 1) throw new UsageError(`one argument at most, not ${positionals.join(' ')}`)
  return positionals[0]
}

/** How far to go back: `-2` in steps, `0003` or a full name to that one, `base` to the empty database. */
export function parseTarget(argument: string | undefined): { steps: number } | { to: string } {
  if (argument === undefined) throw new UsageError('how far? -1 for one step, or the revision to stop at')
  const steps = /^-([1-9]\d*)$/.exec(argument)?.[1]
  if (steps !== undefined) return { steps: Number(steps) }
  return { to: parseRevision(argument) }
}

export function parseRevision(argument: string): string {
  if (/^(\d{4}(_[a-z0-9_]+)?|base)$/.test(argument)) return argument
  throw new UsageError(`${argument} is no revision`)
}
