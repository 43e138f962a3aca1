import type { IncomingHttpHeaders } from 'node:http'

const CHARSET = /;\s*charset\s*=\s*"?([^\s";]*)/i

/** False for a body that is compressed, or in another encoding. */
export function isPlainUtf8(headers: IncomingHttpHeaders): boolean {
  const charset = CHARSET.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8'
  const encoding = headers['content-encoding'] ?? 'identity'
  return /^utf-?8$/i.test(charset) && encoding.toLowerCase() === 'identity'
}
