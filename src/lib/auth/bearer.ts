import { createHash, timingSafeEqual } from 'node:crypto'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Whether an `Authorization` header has this bearer token. The comparison takes constant time. */
export function hasBearerToken(authorization: string | undefined, token: string): boolean {
  const [, sent] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? []
  return sent !== undefined && timingSafeEqual(digest(sent), digest(token))
}
