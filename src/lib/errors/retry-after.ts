import { RateLimited, TookTooLong, TooManyAttempts, TooManyExports } from './errors.js'

/** An overloaded server has capacity again within a second. */
const UNAVAILABLE_SECONDS = 1

/** The value of `Retry-After`, or undefined when the failure gets none. */
export const retryAfterSecondsOf = (failure: { statusCode?: number | undefined }): number | undefined => {
  const isTimed = [TooManyAttempts, RateLimited, TooManyExports].some((kind) => failure instanceof kind)
  if (isTimed) return (failure as RateLimited).retryAfterSeconds
  if (failure instanceof TookTooLong) return undefined
  return failure.statusCode === 503 ? UNAVAILABLE_SECONDS : undefined
}
