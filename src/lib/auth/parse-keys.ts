import type { JsonWebKey, KeyObject } from 'node:crypto'

/** The message says what is wrong with the text of a key, and never quotes any of it. */
export class SigningKeyError extends Error {}

const PEM_BLOCK = /-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\s]+)-----END [A-Z ]+-----/g

/**
 * The block that `openssl ecparam -genkey` writes before the key. Redundant: the key names the curve,
 * too.
 */
const CURVE_LABEL = 'EC PARAMETERS'
const PEM_LINE = /.{1,64}/g

/** Restores the line breaks that OpenSSL needs. Some places store keys with spaces or nothing instead. */
const pemOf = (label: string, body: string): string => {
  const lines = body.replace(/\s+/g, '').match(PEM_LINE) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** Some shells, env files and dashboards keep the quotes around a value. */
const withoutQuotes = (text: string): string => /^(["'])(.*)\1$/s.exec(text)?.[2]?.trim() ?? text

/** `createPrivateKey` or `createPublicKey`. */
export type ReadKey = (input: string | { key: JsonWebKey; format: 'jwk' }) => KeyObject

/**
 * Reads keys in any form that settings may have, with or without quotes: PEM blocks (line breaks may be
 * written `\n`, or be spaces), a JWK, an array of JWKs, a JWKS, or the base64 of any of these, separated by
 * commas. `decoded` is for the recursive call: the text has already been decoded from base64.
 * @throws {SigningKeyError} when the text has none of these forms, or a key cannot be read
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
    .filter(([, label]) => label !== CURVE_LABEL)
    .map(([, label = '', body = '']) => unquoted(() => readKey(pemOf(label, body))))
}

function readJwks(text: string, readKey: ReadKey): KeyObject[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new SigningKeyError('it looks like JSON but is not valid JSON')
  }
  const jwks = hasKeys(json) ? json.keys : [json].flat()
  return jwks.map((jwk) => unquoted(() => readKey({ key: jwk as JsonWebKey, format: 'jwk' })))
}

const hasKeys = (json: unknown): json is { keys: unknown[] } =>
  typeof json === 'object' && json !== null && 'keys' in json && Array.isArray(json.keys)

/** Drops OpenSSL's own message, which may quote the key. */
function unquoted(read: () => KeyObject): KeyObject {
  try {
    return read()
  } catch {
    throw new SigningKeyError('a key in it cannot be read: damaged, encrypted, or the other half of a pair')
  }
}
