// No library serves: fast-redact and @pinojs/redact take the paths of secrets. Here names and shapes identify
// them, at any depth.
import { TOKEN_LENGTH } from '../auth/opaque-tokens.js'
import { SECRET_NAME } from './secret-names.js'

export const REDACTED = '[redacted]'

const SECRET = new RegExp(SECRET_NAME)

/** The depth of nesting and the items per object or array that a copy keeps. */
const LIMITS = { depth: 8, items: 200 }

/** The default size of a copy, in bytes of its names and values. */
export const MAX_BYTES = 8_192

/**
 * The cache of names. Requests repeat the same names; the limits keep names that clients invent from
 * filling it.
 */
const KNOWN_NAMES = { count: 1000, characters: 64 }
const knownNames = new Map<string, boolean>()

/** Whether `SECRET_NAME` matches the name. Cached. */
export function isSecretName(name: string): boolean {
  const known = knownNames.get(name)
  if (known !== undefined) return known
  const isSecret = SECRET.test(name)
  if (name.length > KNOWN_NAMES.characters) return isSecret
  if (knownNames.size >= KNOWN_NAMES.count) knownNames.clear()
  knownNames.set(name, isSecret)
  return isSecret
}

/**
 * Replaces NUL and lone surrogates, which jsonb refuses: such a character in a body must not fail the
 * write.
 */
const storable = (text: string): string => text.replaceAll('\0', '\uFFFD').toWellFormed()

/**
 * Returns a bounded copy of a value from a client, without secrets, that PostgreSQL can store as jsonb.
 * `maxBytes` defaults to 8,192; the rest becomes `[truncated]`.
 */
export const redact = (value: unknown, maxBytes = MAX_BYTES): unknown => new Copy(maxBytes).visit(value, 0)

/** Characters that are searched after a cut, so that a secret across the cut is still recognized. */
const LOOKAHEAD = 4_096
const TRUNCATED = '[truncated]'

class Copy {
  constructor(private bytesLeft: number) {}

  visit(node: unknown, depth: number): unknown {
    if (typeof node === 'string') return this.consume(node)
    if (node instanceof Date) return this.consume(node.toISOString())
    if (node === null || typeof node !== 'object') return this.consumeScalar(node ?? null)
    if (depth >= LIMITS.depth || this.bytesLeft <= 0) return TRUNCATED
    if (Array.isArray(node)) return this.items(node, depth)
    const fields: [string, unknown][] = []
    for (const [key, item] of Object.entries(node).slice(0, LIMITS.items)) {
      if (this.bytesLeft <= 0) {
        fields.push([TRUNCATED, TRUNCATED])
        break
      }
      fields.push([this.consume(key), isSecretName(key) ? REDACTED : this.visit(item, depth + 1)])
    }
    return Object.fromEntries(fields)
  }

  private items(list: unknown[], depth: number): unknown[] {
    const items: unknown[] = []
    for (const item of list.slice(0, LIMITS.items)) {
      items.push(this.visit(item, depth + 1))
      if (this.bytesLeft <= 0) break
    }
    return items
  }

  private consumeScalar(value: unknown): unknown {
    this.bytesLeft -= String(value).length
    return value
  }

  private consume(text: string): string {
    const redacted = redactText(text.slice(0, this.bytesLeft + LOOKAHEAD))
    const kept = cutToBytes(redacted, this.bytesLeft)
    this.bytesLeft -= Buffer.byteLength(kept) + 1
    return kept.length < redacted.length ? `${kept}${TRUNCATED}` : kept
  }
}

/** The beginning of a text, at most `maxBytes` of UTF-8. */
export function cutToBytes(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text
  const cut = Buffer.from(text.slice(0, Math.max(maxBytes, 0))).subarray(0, Math.max(maxBytes, 0))
  // Removes the rest of a character that was cut in two.
  return cut.toString().replace(/\uFFFD+$/, '')
}

const JWT = /(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*/g
/** Texts of the length of a token in `tokens.ts`. A token also has letters in both cases. */
const TOKEN = new RegExp(`(?<![\\w-])[\\w-]{${TOKEN_LENGTH}}(?![\\w-])`, 'g')
/** Each part stops where the next one can begin, so that no input causes backtracking. */
const PARAMETER = /([?&#;])([^=&#;?]*)=([^&#;]*)/g
const USER_INFO = /(\/\/)[^/?#@\s]*@/g
/** A path segment, a parameter value or a word. */
const PIECE = /[^\s/?#&;=,"'<>]+/g

/**
 * A quick test. Without a match the text has no parameter, password or token, and can be stored as it
 * is.
 */
const SUSPICIOUS = new RegExp(`[=@%]|eyJ|[\\w-]{${TOKEN_LENGTH}}|[^\\x20-\\x7e]`)

/** A URL in a parameter of a URL is encoded once more at each level. */
const MAX_NESTED_URLS = 3

/**
 * Redacts secrets that can be recognized in a text: values of secret URL parameters (also in URLs nested in
 * parameters), credentials before a host, and tokens of this service anywhere, encoded or not. `nesting` is
 * for recursive calls.
 */
export function redactText(text: string, nesting = 0): string {
  if (!SUSPICIOUS.test(text)) return text
  const holdsSecret = (part: string, decoded = decode(part)): boolean =>
    nesting < MAX_NESTED_URLS ? redactText(decoded, nesting + 1) !== storable(decoded) : decoded !== part
  return storable(text)
    .replace(USER_INFO, `$1${REDACTED}@`)
    .replace(PARAMETER, (whole, mark: string, name: string, value: string) =>
      isSecretName(decode(name)) || holdsSecret(value) ? `${mark}${name}=${REDACTED}` : whole,
    )
    .replace(JWT, REDACTED)
    .replace(TOKEN, (run) => (/[a-z]/.test(run) && /[A-Z]/.test(run) ? REDACTED : run))
    .replace(PIECE, (piece) => (piece.includes('%') && holdsSecret(piece) ? REDACTED : piece))
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
