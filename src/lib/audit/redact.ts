import { TOKEN_LENGTH } from '../auth/tokens.js'
import { SECRET_NAME } from './secret-names.js'

export const REDACTED = '[redacted]'

const SECRET = new RegExp(SECRET_NAME)

/** A client's own idea of a structure has an end. */
const LIMITS = { depth: 8, items: 200 }

/** What a copy may take, in bytes of its names and values. */
export const MAX_BYTES = 8_192

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
export const redact = (value: unknown, maxBytes = MAX_BYTES): unknown => new Copy(maxBytes).visit(value, 0)

/** What is looked at behind a cut: a secret that the cut goes through would not be known for one. */
const BEHIND_CUT = 4_096
const TRUNCATED = '[truncated]'

class Copy {
  constructor(private left: number) {}

  visit(node: unknown, depth: number): unknown {
    if (typeof node === 'string') return this.consume(node)
    if (node === null || typeof node !== 'object') return this.consumeScalar(node ?? null)
    if (depth >= LIMITS.depth || this.left <= 0) return TRUNCATED
    if (Array.isArray(node)) return this.items(node, depth)
    const fields: [string, unknown][] = []
    for (const [key, item] of Object.entries(node).slice(0, LIMITS.items)) {
      if (this.left <= 0) {
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
      if (this.left <= 0) break
    }
    return items
  }

  private consumeScalar(value: unknown): unknown {
    this.left -= String(value).length
    return value
  }

  private consume(text: string): string {
    const shown = redactText(text.slice(0, this.left + BEHIND_CUT))
    const kept = cutToBytes(shown, this.left)
    this.left -= Buffer.byteLength(kept) + 1
    return kept.length < shown.length ? `${kept}${TRUNCATED}` : kept
  }
}

/** The first of a text, in at most so many bytes of UTF-8. */
export function cutToBytes(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text
  const cut = Buffer.from(text.slice(0, Math.max(maxBytes, 0))).subarray(0, Math.max(maxBytes, 0))
  // What remains of a character that was cut in two.
  return cut.toString().replace(/\uFFFD+$/, '')
}

const JWT = /(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*/g
/** Every token of `tokens.ts`: of 256 random bits, some letter is a capital and some is not. */
const TOKEN = new RegExp(`(?<![\\w-])[\\w-]{${TOKEN_LENGTH}}(?![\\w-])`, 'g')
/** Each alternative stops where the next could begin: no input makes them go over it twice. */
const PARAMETER = /([?&#;])([^=&#;?]*)=([^&#;]*)/g
const USER_INFO = /(\/\/)[^/?#@\s]*@/g
/** A part of a path, a value, a word. */
const PIECE = /[^\s/?#&;=,"'<>]+/g

/** Most headers and paths have none of these: they hold no parameter, no password, no token, and nothing that cannot be stored. */
const SUSPICIOUS = new RegExp(`[=@%]|eyJ|[\\w-]{${TOKEN_LENGTH}}|[^\\x20-\\x7e]`)

/** A URL as a parameter of a URL is encoded once more with each level. */
const MAX_NESTED_URLS = 3

/**
 * A text without the secrets that it shows by itself: values of secret parameters of a URL, also of a URL in one of its
 * parameters, passwords before its host, and tokens of our own kind wherever they stand, encoded or not.
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
