/** What pages of other origins may send. Tokens travel in a header, so no credentials are allowed. */
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

/** What they may read of an answer, beside its body. */
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

/** For answers before which no hook runs. Origins are compared as a whole, never by their ends. */
export function corsHeaders(origins: readonly string[], origin: string | undefined): Record<string, string> {
  if (origins.length === 0) return {}
  const isOpen = origins.includes('*')
  const isAllowed = isOpen || (origin !== undefined && origins.includes(origin))
  return {
    ...(!isOpen && { vary: 'Origin' }),
    ...(isAllowed && {
      'access-control-allow-origin': isOpen ? '*' : String(origin),
      'access-control-expose-headers': EXPOSED_HEADERS.join(', '),
    }),
  }
}
