import postgres from 'postgres'
import { isUnavailable } from '../../db/driver/errors.js'
import { OperatorError } from '../../lib/errors/operator-error.js'
import { serializeError } from '../../lib/observability/log-error.js'

type ErrorKind = abstract new (...args: never[]) => Error

/**
 * Explains an expected error in one line. For a bug, returns the stack without
 * the parameters of a query, which may be secret.
 *
 * @param program the name before the message
 * @param alsoExpected error classes besides OperatorError and those of PostgreSQL; default: none
 */
export function explain(program: string, error: unknown, alsoExpected: readonly ErrorKind[] = []): string {
  const kinds = [OperatorError, postgres.PostgresError, ...alsoExpected]
  const cause = error instanceof Error ? error.cause : undefined
  const expected = [error, cause].find((candidate) => kinds.some((kind) => candidate instanceof kind))
  if (expected instanceof Error) return `${program}: ${expected.message}`
  if (isUnavailable(error)) return `${program}: the database does not answer`
  const described = serializeError(error) as { stack?: string }
  return `${program}: ${described.stack ?? described}`
}
