import { type ParseArgsConfig, parseArgs } from 'node:util'
import { OperatorError } from '../../lib/errors/operator-error.js'

/** A command line that cannot be understood. */
export class UsageError extends OperatorError {
  override readonly name = 'UsageError'
}

type Options = NonNullable<ParseArgsConfig['options']>

/** As parseArgs, with its complaints cut to one line. @throws UsageError */
export function parseOptions<T extends Options>(args: string[], options: T) {
  return explained(() => parseArgs({ args, options, strict: true }).values)
}

export function explained<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    // Node adds a hint on positional arguments in further sentences.
    throw new UsageError((error as Error).message.split('. ', 1)[0])
  }
}
