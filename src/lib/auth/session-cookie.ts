/**
 * The prefix `__Host-` makes browsers accept it only over HTTPS (or from localhost) and only from this
 * host.
 */
const SESSION_COOKIE = '__Host-session'

/** Operators of the jobs dashboard sign in once per working day. */
export const COOKIE_SESSION_HOURS = 12

/**
 * Scripts cannot read the cookie, plain HTTP does not carry it, and requests from other sites do not
 * send it.
 */
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict'

const TOKEN = /^[\w-]{43}$/

/** The value of the `Set-Cookie` header. */
export const sessionCookie = (token: string, lifetimeSeconds: number): string =>
  `${SESSION_COOKIE}=${token}; ${ATTRIBUTES}; Max-Age=${lifetimeSeconds}`

/** Makes the browser delete the cookie. */
export const endedSessionCookie = `${SESSION_COOKIE}=; ${ATTRIBUTES}; Max-Age=0`

/** Returns undefined when there is no session cookie, or its value does not have the form of a token. */
export function readSessionCookie(header = ''): string | undefined {
  const pairs = header.split(';').map((pair) => pair.trim())
  const value = pairs.find((pair) => pair.startsWith(`${SESSION_COOKIE}=`))?.slice(SESSION_COOKIE.length + 1)
  return value !== undefined && TOKEN.test(value) ? value : undefined
}
