/** With this prefix browsers take it over HTTPS (or from localhost) and for this host alone, and no other host can set it. */
const SESSION_COOKIE = '__Host-groundwork-session'

/** Half a day: whoever looks after the jobs signs in once a working day. */
export const COOKIE_SESSION_HOURS = 12

/** What a cookie without these would let happen: read by scripts, sent over plain HTTP, sent along by other sites. */
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict'

const TOKEN = /^[\w-]{43}$/

export const sessionCookie = (token: string, lifetimeSeconds: number): string =>
  `${SESSION_COOKIE}=${token}; ${ATTRIBUTES}; Max-Age=${lifetimeSeconds}`

/** Makes the browser forget it. */
export const endedSessionCookie = `${SESSION_COOKIE}=; ${ATTRIBUTES}; Max-Age=0`

/** Undefined when there is none, and for what no token can look like. */
export function readSessionCookie(header = ''): string | undefined {
  const pairs = header.split(';').map((pair) => pair.trim())
  const value = pairs.find((pair) => pair.startsWith(`${SESSION_COOKIE}=`))?.slice(SESSION_COOKIE.length + 1)
  return value !== undefined && TOKEN.test(value) ? value : undefined
}
