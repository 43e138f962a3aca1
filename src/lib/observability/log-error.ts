import { redactText } from '../audit/redact.js'

type LoggedError = { type: string; message: string; code?: string; stack?: string; cause?: LoggedError }

type Failure = Error & { code?: unknown; query?: unknown; params?: unknown }

/**
 * An error as it may stand in a log. drizzle puts a statement's parameters (a password's hash, say) into the message and so
 * into the stack, and PostgreSQL repeats values in `detail`: none of these is taken over.
 */
export function serializeError(error: unknown): LoggedError | unknown {
  return error instanceof Error ? describe(error) : error
}

export const messageOf = (error: Failure): string =>
  'params' in error ? `Failed query: ${error.query}` : redactText(error.message)

function describe(error: Failure): LoggedError {
  const { code, cause, stack = '' } = error
  const message = messageOf(error)
  // Without the message first: a value in it may look like a line of the stack.
  const frames = stack
    .replace(error.message, '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
  return {
    type: error.name,
    message,
    ...(typeof code === 'string' && { code }),
    stack: [`${error.name}: ${message}`, ...frames].join('\n'),
    ...(cause instanceof Error && { cause: describe(cause) }),
  }
}
