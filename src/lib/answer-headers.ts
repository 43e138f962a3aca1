/** HSTS, in seconds. */
export const ONE_YEAR_SECONDS = 31_536_000

/**
 * For answers that are sent before any hook runs: to what is no HTTP request, and to URLs that cannot be read.
 * Everything else gets its headers from the plugins.
 */
export const headersWithoutHooks = (requestId: string): Record<string, string> => ({
  'x-request-id': requestId,
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': `max-age=${ONE_YEAR_SECONDS}; includeSubDomains`,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
})
