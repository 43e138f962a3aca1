import { RateLimited, TookTooLong, TooManyAttempts, TooManyExports } from './errors.js'

/** What sheds load has room again within a second. */
const WHEN_UNAVAILABLE_SECONDS = 1

/** When another try may succeed, where anybody knows. */
export const retryAfterSecondsOf = (failure: { statusCode?: number | undefined }): number | undefined => {
  const isTimed = [TooManyAttempts, RateLimited, TooManyExports].some((kind) => failure instanceof kind)
  if (isTimed) return (failure as RateLimited).retryAfterSeconds
  if (failure instanceof TookTooLong) return undefined
  return failure.statusCode === 503 ? WHEN_UNAVAILABLE_SECONDS : undefined
}
