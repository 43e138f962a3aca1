import { SECURITY_HEADERS } from '../../src/lib/http/security-headers.js'
import t from '../tap.js'

/**
 * The headers of https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html for
 * an API.
 */
const OWASP: Record<string, RegExp> = {
  'cache-control': /^no-store$/,
  'content-security-policy': /(?=.*\bdefault-src 'none')(?=.*\bframe-ancestors 'none')(?!.*unsafe)/,
  'cross-origin-opener-policy': /^same-origin$/,
  'cross-origin-resource-policy': /^same-(origin|site)$/,
  'referrer-policy': /^(no-referrer|strict-origin-when-cross-origin)$/,
  'strict-transport-security': /^max-age=(3153[6-9]|[4-9]\d{4})\d{3,}; includeSubDomains/,
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/,
}

t.test('has every header that OWASP recommends', async (t) => {
  t.strictSame(Object.keys(SECURITY_HEADERS).sort(), Object.keys(OWASP).sort())
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) t.match(value, OWASP[name], name)
})
