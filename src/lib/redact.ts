export const REDACTED = '[redacted]'

const SECRET_WORDS = new Set(
  'password passwd pwd passphrase passcode secret token hash salt otp pin cvv cvc authorization cookie credential credentials signature apikey'.split(
    ' ',
  ),
)
const SECRET_PAIRS = new Set(['api key', 'private key', 'signing key', 'encryption key'])

const LIMITS = { depth: 8, items: 200, characters: 8192 }

const wordsOf = (name: string): string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)

/** Whole words decide, so `tokenHash` and `x-api-key` are secret while `passenger` and `compass` are not. */
export function isSecretName(name: string): boolean {
  const words = wordsOf(name)
  return words.some((word, i) => {
    const singular = word.replace(/(es|s)$/, '')
    return SECRET_WORDS.has(word) || SECRET_WORDS.has(singular) || SECRET_PAIRS.has(`${word} ${words[i + 1]}`)
  })
}

/** jsonb refuses NUL and lone surrogates: one such character in a body must not make the write fail. */
const storable = (text: string): string => text.replaceAll('\0', '\uFFFD').toWellFormed()

/** A bounded copy of what a client sent, without its secrets, that PostgreSQL can store as jsonb. */
export function redact(value: unknown): unknown {
  let budget = LIMITS.characters
  const spend = (text: string): string => {
    const kept = text.slice(0, Math.max(budget, 0))
    budget -= kept.length
    return storable(kept.length < text.length ? `${kept}[truncated]` : kept)
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

/** Takes the values of secret parameters out of a URL's query and fragment. */
export function redactUrl(url: string): string {
  return storable(
    url.replace(/([?&#;])([^=&#;]*)=([^&#;]*)/g, (whole, mark: string, name: string) =>
      isSecretName(safeDecode(name)) ? `${mark}${name}=${REDACTED}` : whole,
    ),
  )
}

export function redactHeaders(headers: Record<string, unknown>): unknown {
  const { referer, ...others } = headers
  return redact(typeof referer === 'string' ? { ...others, referer: redactUrl(referer) } : others)
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
