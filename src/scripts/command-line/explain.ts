import postgres from 'postgres'
import { isUnavailable } from '../../db/driver/errors.js'
import { OperatorError } from '../../lib/errors/operator-error.js'
import { serializeError } from '../../lib/observability/log-error.js'

type ErrorKind = abstract new (...args: never[]) => Error

/** One line for what can be foreseen; of a bug, its stack without the parameters of a query, a password's hash being one. */
export function explain(program: string, error: unknown, alsoForeseen: readonly ErrorKind[] = []): string {
  const kinds = [OperatorError, postgres.PostgresError, ...alsoForeseen]
  const cause = error instanceof Error ? error.cause : undefined
  const foreseen = [error, cause].find((candidate) => kinds.some((kind) => candidate instanceof kind))
  if (foreseen instanceof Error) return `${program}: ${foreseen.message}`
  if (isUnavailable(error)) return `${program}: the database does not answer`
  const described = serializeError(error) as { stack?: string }
  return `${program}: ${described.stack ?? described}`
}
