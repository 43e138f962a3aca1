import { OperatorError } from '../lib/errors/operator-error.js'

/** The message says in one line why the embedded database cannot run. */
export class EmbeddedPostgresError extends OperatorError {
  override readonly name = 'EmbeddedPostgresError'
}

export { errorCode } from '../lib/errors/system-error-code.js'

/** Advice for the end of a message. */
export const startAfresh = (dataDir: string): string =>
  `remove ${dataDir} to start afresh (its data is lost), or set DATABASE_URL to another PostgreSQL`
