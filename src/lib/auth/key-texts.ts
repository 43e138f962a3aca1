import type { JsonWebKey, KeyObject } from 'node:crypto'

/** Says what is wrong with a text of keys, and never shows any of it. */
export class SigningKeyError extends Error {}

const PEM_BLOCK = /-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\s]+)-----END [A-Z ]+-----/g

/** What `openssl ecparam -genkey` writes before the key, which names the curve itself. */
const CURVE_ALONE = 'EC PARAMETERS'
const PEM_LINE = /.{1,64}/g

/** With the line breaks that OpenSSL wants: places that hold none have spaces or nothing there. */
const pemOf = (label: string, body: string): string => {
  const lines = body.replace(/\s+/g, '').match(PEM_LINE) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** As some shells, env files and dashboards keep them around a value. */
const withoutQuotes = (text: string): string => /^(["'])(.*)\1$/s.exec(text)?.[2]?.trim() ?? text

/** `createPrivateKey` or `createPublicKey`. */
export type ReadKey = (input: string | { key: JsonWebKey; format: 'jwk' }) => KeyObject

/**
 * The forms in which settings hold keys, in quotes or not: PEM blocks (line breaks may be written `\n`, or be spaces), a JWK,
 * an array of JWKs, a JWKS, or the base64 of any of these, several separated by commas.
 * @throws {SigningKeyError}
 */
export function readKeys(text: string, readKey: ReadKey, { decoded = false } = {}): KeyObject[] {
  const trimmed = withoutQuotes(text.trim())
  if (/^[{[]/.test(trimmed)) return readJwks(trimmed, readKey)
  if (trimmed.includes('-----BEGIN')) {
    return readPem(trimmed.replace(/\\r|\\(?=\\n)/g, '').replaceAll('\\n', '\n'), readKey)
  }
  if (decoded) throw new SigningKeyError('it is neither PEM, nor JWK, nor the base64 of one')
  const parts = trimmed.split(',').filter((part) => part.trim() !== '')
  return parts.flatMap((part) => readKeys(Buffer.from(part, 'base64').toString(), readKey, { decoded: true }))
}

function readPem(text: string, readKey: ReadKey): KeyObject[] {
  const rest = text.replace(PEM_BLOCK, '').replace(/["',]/g, '')
  if (/BEGIN ENCRYPTED|Proc-Type:/.test(text))
    throw new SigningKeyError('a key in it is encrypted with a passphrase')
  if (rest.trim() !== '') throw new SigningKeyError('a PEM block in it is incomplete')
  return [...text.matchAll(PEM_BLOCK)]
    .filter(([, label]) => label !== CURVE_ALONE)
    .map(([, label = '', body = '']) => unquoted(() => readKey(pemOf(label, body))))
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
