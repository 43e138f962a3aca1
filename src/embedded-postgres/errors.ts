import { OperatorError } from '../lib/errors/operator-error.js'

/** The message says in one line why the embedded database cannot run. */
export class EmbeddedPostgresError extends OperatorError {
  override readonly name = 'EmbeddedPostgresError'
}

export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

/** Advice for the end of a message. */
export const startAfresh = (dataDir: string): string =>
  `remove ${dataDir} to start afresh (its data is lost), or set DATABASE_URL to another PostgreSQL`
