const DIRECTIVES = ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "script-src 'self'"]

/**
 * Describes missing security headers and unwanted ones of an answer (OWASP ASVS 5.0, 3.4);
 * undefined when it is safe.
 */
export function findUnsafe({ headers }: { headers: Record<string, string> }): string | undefined {
  const policy = headers['content-security-policy'] ?? ''
  const maxAge = /max-age=(\d+)/.exec(headers['strict-transport-security'] ?? '')?.[1]
  const found = [
    headers['x-content-type-options'] !== 'nosniff' && 'no nosniff',
    Number(maxAge ?? 0) < 31_536_000 && 'no HSTS of a year',
    headers['referrer-policy'] !== 'no-referrer' && 'no Referrer-Policy',
    headers['x-frame-options'] !== 'DENY' && 'can be framed',
    DIRECTIVES.some((directive) => !policy.includes(directive)) && `policy ${policy}`,
    /unsafe|\*/.test(policy) && `lax policy ${policy}`,
    !headers['x-request-id'] && 'no request id',
    ['server', 'x-powered-by'].some((name) => name in headers) && 'names its software',
  ].filter((each) => each !== false)
  return found.length > 0 ? found.join(', ') : undefined
}
