import { OperatorError } from '../errors/operator-error.js'

/** The rest of the message "must be …". */
export const DATABASE_URL_FORM =
  'a URL such as postgres://user:password@host:5432/database, with special characters of the password percent-encoded'

/** The message never quotes the URL, only names of parameters. */
export class DatabaseUrlError extends OperatorError {
  override readonly name = 'DatabaseUrlError'

  /** @param mistake the rest of the sentence that begins with the setting's name */
  constructor(readonly mistake: string) {
    super(`DATABASE_URL ${mistake}`)
  }

  static notEncoded(): DatabaseUrlError {
    return new DatabaseUrlError(`must be ${DATABASE_URL_FORM}`)
  }
}
