import { redactText } from '../audit/redact.js'

type LoggedError = { type: string; message: string; code?: string; stack?: string; cause?: LoggedError }

type Failure = Error & { code?: unknown; query?: unknown; params?: unknown }

/**
 * Converts an error to a form that is safe to log; returns other values unchanged. drizzle puts the
 * parameters of a statement, such as a password hash, into the message and so into the stack, and
 * PostgreSQL repeats values in `detail`. All of these are left out.
 */
export function serializeError(error: unknown): LoggedError | unknown {
  return error instanceof Error ? describe(error) : error
}

/** The message without the parameters of a failed query and without secrets. */
export const messageOf = (error: Failure): string =>
  'params' in error ? `Failed query: ${error.query}` : redactText(error.message)

function describe(error: Failure): LoggedError {
  const { code, cause, stack = '' } = error
  const message = messageOf(error)
  // Remove the message first: a value in it may look like a line of the stack.
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
