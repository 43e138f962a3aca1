import { OperatorError } from '../lib/errors/operator-error.js'

/** Why the embedded database cannot run, in one line. */
export class EmbeddedPostgresError extends OperatorError {
  override readonly name = 'EmbeddedPostgresError'
}

export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

export const startAfresh = (dataDir: string): string =>
  `remove ${dataDir} to start afresh (its data is lost), or set DATABASE_URL to another PostgreSQL`
