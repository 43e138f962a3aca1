import { createHash, timingSafeEqual } from 'node:crypto'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Whether a header is `Bearer` and this token. The time that it takes tells nothing about the token. */
export function bears(authorization: string | undefined, token: string): boolean {
  const [, given] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? []
  return given !== undefined && timingSafeEqual(digest(given), digest(token))
}
