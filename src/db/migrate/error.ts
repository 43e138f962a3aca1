import { OperatorError } from '../../lib/errors/operator-error.js'

/** The message names the file and says what to do. */
export class MigrationError extends OperatorError {
  override name = 'MigrationError'
}

/** The database does not respond, or does not accept this role. */
export class ConnectionError extends MigrationError {
  override name = 'ConnectionError'
}
