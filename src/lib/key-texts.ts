import type { JsonWebKey, KeyObject } from 'node:crypto'

/** Says what is wrong with a text of keys, and never shows any of it. */
export class SigningKeyError extends Error {}

const PEM_BLOCK = /-----BEGIN [A-Z ]+-----[A-Za-z0-9+/=\s]+-----END [A-Z ]+-----/g

/** `createPrivateKey` or `createPublicKey`. */
export type ReadKey = (input: string | { key: JsonWebKey; format: 'jwk' }) => KeyObject

/**
 * The forms in which settings hold keys: PEM blocks (`\n` may be written out, for places that hold no line breaks), a JWK,
 * an array of JWKs, a JWKS, or the base64 of any of these, several separated by commas.
 * @throws {SigningKeyError}
 */
export function readKeys(text: string, readKey: ReadKey, { decoded = false } = {}): KeyObject[] {
  const trimmed = text.trim()
  if (/^[{[]/.test(trimmed)) return readJwks(trimmed, readKey)
  if (trimmed.includes('-----BEGIN')) {
    return readPem(trimmed.replaceAll('\\r', '').replaceAll('\\n', '\n'), readKey)
  }
  if (decoded) throw new SigningKeyError('it is neither PEM, nor JWK, nor the base64 of one')
  const parts = trimmed.split(',').filter((part) => part.trim() !== '')
  return parts.flatMap((part) => readKeys(Buffer.from(part, 'base64').toString(), readKey, { decoded: true }))
}

function readPem(text: string, readKey: ReadKey): KeyObject[] {
  if (text.replace(PEM_BLOCK, '').trim() !== '') throw new SigningKeyError('a PEM block in it is incomplete')
  return (text.match(PEM_BLOCK) ?? []).map((block) => unquoted(() => readKey(block)))
}

function readJwks(text: string, readKey: ReadKey): KeyObject[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new SigningKeyError('it looks like JSON and is not valid JSON')
  }
  const jwks = hasKeys(json) ? json.keys : [json].flat()
  return jwks.map((jwk) => unquoted(() => readKey({ key: jwk as JsonWebKey, format: 'jwk' })))
}

const hasKeys = (json: unknown): json is { keys: unknown[] } =>
  typeof json === 'object' && json !== null && 'keys' in json && Array.isArray(json.keys)

/** OpenSSL's own words may quote what it was given, so they are dropped. */
function unquoted(read: () => KeyObject): KeyObject {
  try {
    return read()
  } catch {
    throw new SigningKeyError('a key in it cannot be read: damaged, encrypted, or the other half of a pair')
  }
}
