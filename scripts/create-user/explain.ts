import postgres from 'postgres'
import { isUnavailable } from '../../src/db/errors.js'
import { EmailTaken, PasswordTooCommon } from '../../src/lib/errors.js'
import { serializeError } from '../../src/lib/log-error.js'
import { OperatorError } from '../../src/lib/operator-error.js'

const FORESEEN = [OperatorError, EmailTaken, PasswordTooCommon, postgres.PostgresError]

/** One line for what can be foreseen; of a bug, its stack without the parameters of a query, a password's hash being one. */
export function explain(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  const foreseen = [error, cause].find((candidate) => FORESEEN.some((kind) => candidate instanceof kind))
  if (foreseen instanceof Error) return `create-user: ${foreseen.message}`
  if (isUnavailable(error)) return 'create-user: the database does not answer'
  const described = serializeError(error) as { stack?: string }
  return `create-user: ${described.stack ?? described}`
}
