/** A mistake that the operator can mend; its message is plain lines that name the file and what to do. */
export class MigrationError extends Error {
  override name = 'MigrationError'
}

/** The database does not answer, or does not let this role in. */
export class ConnectionError extends MigrationError {
  override name = 'ConnectionError'
}
