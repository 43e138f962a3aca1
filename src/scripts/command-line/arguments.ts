import { type ParseArgsConfig, parseArgs } from 'node:util'
import { OperatorError } from '../../lib/errors/operator-error.js'

/** An invalid command line. */
export class UsageError extends OperatorError {
  override readonly name = 'UsageError'
}

type Options = NonNullable<ParseArgsConfig['options']>

/**
 * Parses options without positional arguments.
 *
 * @throws {UsageError} in one line, when parseArgs refuses the arguments
 */
export function parseOptions<T extends Options>(args: string[], options: T) {
  return withUsageErrors(() => parseArgs({ args, options, strict: true }).values)
}

/**
 * Turns the errors of parseArgs into one line.
 *
 * @throws {UsageError} when `parse` throws
 */
export function withUsageErrors<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    // Only the first sentence: Node adds hints about positional arguments.
    throw new UsageError((error as Error).message.split('. ', 1)[0])
  }
}
