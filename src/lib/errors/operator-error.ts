/**
 * A mistake that the operator can fix. The message explains it in plain words, holds no secrets and is
 * printed as it is. All other errors are bugs, and are printed with their stack.
 */
export class OperatorError extends Error {
  override name = 'OperatorError'
}

/**
 * Returns what to print when an error ends the process: the message of an OperatorError, or the whole
 * error.
 */
export const explainExit = (error: unknown): unknown =>
  error instanceof OperatorError ? error.message : error
