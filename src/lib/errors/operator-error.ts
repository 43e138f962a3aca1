/**
 * A mistake that whoever runs the program can mend: its message says so in plain lines, without a secret, and is meant to
 * be printed as it is. Every other error is a bug, whose stack is wanted.
 */
export class OperatorError extends Error {
  override name = 'OperatorError'
}

/** What to print of an error that ends a process. */
export const explainExit = (error: unknown): unknown =>
  error instanceof OperatorError ? error.message : error
