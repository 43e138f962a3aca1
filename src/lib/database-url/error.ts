import { OperatorError } from '../errors/operator-error.js'

export const DATABASE_URL_FORM =
  'a URL such as postgres://user:password@host:5432/database, with special characters of the password percent-encoded'

/** Its message holds nothing of the URL but the names of parameters. */
export class DatabaseUrlError extends OperatorError {
  override readonly name = 'DatabaseUrlError'

  /** @param mistake what follows the name of the setting */
  constructor(readonly mistake: string) {
    super(`DATABASE_URL ${mistake}`)
  }

  static notEncoded(): DatabaseUrlError {
    return new DatabaseUrlError(`must be ${DATABASE_URL_FORM}`)
  }
}
