import { SECRET_NAME } from './secret-names.js'

export const REDACTED = '[redacted]'

const SECRET = new RegExp(SECRET_NAME)

const LIMITS = { depth: 8, items: 200, characters: 8192 }

/** Requests bring the same names again and again; those that clients make up must not fill the memory. */
const KNOWN_NAMES = { count: 1000, characters: 64 }
const knownNames = new Map<string, boolean>()

/** By SECRET_NAME. */
export function isSecretName(name: string): boolean {
  const known = knownNames.get(name)
  if (known !== undefined) return known
  const isSecret = SECRET.test(name)
  if (name.length > KNOWN_NAMES.characters) return isSecret
  if (knownNames.size >= KNOWN_NAMES.count) knownNames.clear()
  knownNames.set(name, isSecret)
  return isSecret
}

/** jsonb refuses NUL and lone surrogates: one such character in a body must not make the write fail. */
const storable = (text: string): string => text.replaceAll('\0', '\uFFFD').toWellFormed()

/** A bounded copy of what a client sent, without its secrets, that PostgreSQL can store as jsonb. */
export function redact(value: unknown): unknown {
  let budget = LIMITS.characters
  const spend = (text: string): string => {
    const kept = text.slice(0, Math.max(budget, 0))
    budget -= kept.length
    return redactText(kept.length < text.length ? `${kept}[truncated]` : kept)
  }
  const visit = (node: unknown, depth: number): unknown => {
    if (typeof node === 'string') return spend(node)
    if (node === null || typeof node !== 'object') return node ?? null
    if (depth >= LIMITS.depth || budget <= 0) return '[truncated]'
    if (Array.isArray(node)) return node.slice(0, LIMITS.items).map((item) => visit(item, depth + 1))
    const entries = Object.entries(node).slice(0, LIMITS.items)
    return Object.fromEntries(
      entries.map(([key, item]) => [spend(key), isSecretName(key) ? REDACTED : visit(item, depth + 1)]),
    )
  }
  return visit(value, 0)
}

const JWT = /(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*/g
/** Each alternative stops where the next could begin: no input makes them go over it twice. */
const PARAMETER = /([?&#;])([^=&#;?]*)=([^&#;]*)/g
const USER_INFO = /(\/\/)[^/?#@\s]*@/g

/** Most headers and paths have none of these: they hold no parameter, no password, no token, and nothing that cannot be stored. */
const SUSPICIOUS = /[=@]|eyJ|[^\x20-\x7e]/

/** A URL as a parameter of a URL is encoded once more with each level. */
const MAX_NESTED_URLS = 3

/**
 * A text without the secrets that it shows by itself: values of secret parameters of a URL, also of a URL in one of its
 * parameters, passwords before its host, and tokens of our own kind wherever they stand.
 */
export function redactText(text: string, nesting = 0): string {
  if (!SUSPICIOUS.test(text)) return text
  const holdsSecret = (value: string): boolean => {
    const decoded = decode(value)
    return nesting < MAX_NESTED_URLS && decoded !== value && redactText(decoded, nesting + 1) !== decoded
  }
  return storable(text)
    .replace(USER_INFO, `$1${REDACTED}@`)
    .replace(PARAMETER, (whole, mark: string, name: string, value: string) =>
      isSecretName(decode(name)) || holdsSecret(value) ? `${mark}${name}=${REDACTED}` : whole,
    )
    .replace(JWT, REDACTED)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
