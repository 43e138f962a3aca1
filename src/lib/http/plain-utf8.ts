import type { IncomingHttpHeaders } from 'node:http'

const CHARSET = /;\s*charset\s*=\s*"?([^\s";]*)/i

/** Whether the headers announce a body in UTF-8 without compression. A missing charset counts as UTF-8. */
export function isPlainUtf8(headers: IncomingHttpHeaders): boolean {
  const charset = CHARSET.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8'
  const encoding = headers['content-encoding'] ?? 'identity'
  return /^utf-?8$/i.test(charset) && encoding.toLowerCase() === 'identity'
}
