/**
 * Request headers that pages of other origins may send. Tokens travel in a header, so cookies are not
 * allowed.
 */
export const ALLOWED_HEADERS = [
  'authorization',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'traceparent',
  'tracestate',
  'x-request-id',
]

/** Response headers that pages of other origins may read. */
export const EXPOSED_HEADERS = [
  'content-disposition',
  'etag',
  'idempotency-replayed',
  'location',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'www-authenticate',
  'x-request-id',
]

/**
 * The CORS headers of responses for which no hook runs. `origins` are compared as whole strings, never by
 * suffix; `*` allows all origins, and an empty list turns CORS off.
 */
export function corsHeaders(origins: readonly string[], origin: string | undefined): Record<string, string> {
  if (origins.length === 0) return {}
  const allowsAll = origins.includes('*')
  const isAllowed = allowsAll || (origin !== undefined && origins.includes(origin))
  return {
    ...(!allowsAll && { vary: 'Origin' }),
    ...(isAllowed && {
      'access-control-allow-origin': allowsAll ? '*' : String(origin),
      'access-control-expose-headers': EXPOSED_HEADERS.join(', '),
    }),
  }
}
