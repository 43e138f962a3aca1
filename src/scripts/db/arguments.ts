import { parseArgs } from 'node:util'
import { UsageError, withUsageErrors } from '../command-line/arguments.js'

/**
 * Returns the argument of a command without options, or undefined. A step count such as `-1` is an argument.
 *
 * @throws {UsageError} when there is more than one argument, or an option
 */
export function parsePositional(args: string[]): string | undefined {
  const steps = args.findIndex((arg) => /^-\d+$/.test(arg))
  const escaped = steps === -1 ? args : args.toSpliced(steps, 0, '--')
  const { positionals } = withUsageErrors(() => parseArgs({ args: escaped, allowPositionals: true }))
  if (positionals.length > 1) throw new UsageError(`at most one argument, not ${positionals.join(' ')}`)
  return positionals[0]
}

/**
 * Parses how far to go back: `-2` for two steps, `0003` or a full name for
 * that revision, `base` for the empty database.
 *
 * @throws {UsageError} when the argument is missing or has another form
 */
export function parseTarget(argument: string | undefined): { steps: number } | { to: string } {
  if (argument === undefined)
    throw new UsageError('a target is missing: -1 for one step, or the revision to stop at')
  const steps = /^-([1-9]\d*)$/.exec(argument)?.[1]
  if (steps !== undefined) return { steps: Number(steps) }
  return { to: parseRevision(argument) }
}

/** @throws {UsageError} when the argument is not a number of four digits, a full name or `base` */
export function parseRevision(argument: string): string {
  if (/^(\d{4}(_[a-z0-9_]+)?|base)$/.test(argument)) return argument
  throw new UsageError(`${argument} is not a revision`)
}
