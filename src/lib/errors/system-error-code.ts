/** The `code` of errors of the system and of libraries, such as `ENOENT`. Undefined for all others. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
