import { OperatorError } from '../../lib/errors/operator-error.js'

/** Names the file and what to do. */
export class MigrationError extends OperatorError {
  override name = 'MigrationError'
}

/** The database does not answer, or does not let this role in. */
export class ConnectionError extends MigrationError {
  override name = 'ConnectionError'
}
