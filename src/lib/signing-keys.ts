import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'

export type SigningKey = {
  /** RFC 7638 thumbprint: the same key has the same id wherever and however it is loaded. */
  kid: string
  alg: 'EdDSA' | 'ES256'
  privateKey: KeyObject
  publicKey: KeyObject
  /** The public half, as it is published. */
  jwk: PublicJwk
}

export type PublicJwk = JsonWebKey & { kid: string; alg: SigningKey['alg']; use: 'sig' }

/** Says what is wrong with a text of keys, and never shows any of it. */
export class SigningKeyError extends Error {}

const PEM_BLOCK = /-----BEGIN [A-Z ]+-----[A-Za-z0-9+/=\s]+-----END [A-Z ]+-----/g
// RFC 7638 section 3.2 and RFC 8037 section 2: exactly these members, in this order.
const THUMBPRINT_MEMBERS = { OKP: ['crv', 'kty', 'x'], EC: ['crv', 'kty', 'x', 'y'] }

/**
 * Reads one or more Ed25519 or P-256 private keys: PEM blocks (`\n` may be written out, for places that hold no line
 * breaks), a JWK, an array of JWKs, a JWKS, or the base64 of any of these, several separated by commas.
 * @throws {SigningKeyError}
 */
export function parseSigningKeys(text: string): [SigningKey, ...SigningKey[]] {
  const keys = readPrivateKeys(text).map(toSigningKey)
  const [first, ...others] = keys.filter(({ kid }, i) => keys.findIndex((key) => key.kid === kid) === i)
  if (!first) throw new SigningKeyError('there is no private key in it')
  return [first, ...others]
}

/** A new Ed25519 key, as PKCS#8. */
export const generateSigningKeyPem = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

function readPrivateKeys(text: string, { decoded = false } = {}): KeyObject[] {
  const trimmed = text.trim()
  if (/^[{[]/.test(trimmed)) return readJwks(trimmed)
  if (trimmed.includes('-----BEGIN')) return readPem(trimmed.replaceAll('\\r', '').replaceAll('\\n', '\n'))
  if (decoded) throw new SigningKeyError('it is neither PEM, nor JWK, nor the base64 of one')
  const parts = trimmed.split(',').filter((part) => part.trim() !== '')
  return parts.flatMap((part) => readPrivateKeys(Buffer.from(part, 'base64').toString(), { decoded: true }))
}

function readPem(text: string): KeyObject[] {
  if (text.replace(PEM_BLOCK, '').trim() !== '') throw new SigningKeyError('a PEM block in it is incomplete')
  return (text.match(PEM_BLOCK) ?? []).map((block) => readKey(() => createPrivateKey(block)))
}

function readJwks(text: string): KeyObject[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new SigningKeyError('it looks like JSON and is not valid JSON')
  }
  const jwks = hasKeys(json) ? json.keys : [json].flat()
  return jwks.map((jwk) => readKey(() => createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' })))
}

const hasKeys = (json: unknown): json is { keys: unknown[] } =>
  typeof json === 'object' && json !== null && 'keys' in json && Array.isArray(json.keys)

/** OpenSSL's own words may quote what it was given, so they are dropped. */
function readKey(read: () => KeyObject): KeyObject {
  try {
    return read()
  } catch {
    throw new SigningKeyError('a key in it cannot be read: damaged, encrypted, or public')
  }
}

function toSigningKey(privateKey: KeyObject): SigningKey {
  const alg = algorithmOf(privateKey)
  const publicKey = createPublicKey(privateKey)
  // A JWK states both halves, and nothing else checks that they belong together.
  const digest = alg === 'EdDSA' ? null : 'sha256'
  const probe = Buffer.from('probe')
  if (!verify(digest, probe, publicKey, sign(digest, probe, privateKey))) {
    throw new SigningKeyError('the public and the private half of a key in it do not belong together')
  }
  const jwk = publicKey.export({ format: 'jwk' })
  const kid = thumbprint(jwk)
  return { kid, alg, privateKey, publicKey, jwk: { ...jwk, kid, alg, use: 'sig' } }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): SigningKey['alg'] {
  if (asymmetricKeyType === 'ed25519') return 'EdDSA'
  if (asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256'
  throw new SigningKeyError('a key in it is neither Ed25519 nor P-256')
}

function thumbprint(jwk: JsonWebKey): string {
  const members = THUMBPRINT_MEMBERS[jwk.kty === 'OKP' ? 'OKP' : 'EC']
  return createHash('sha256').update(JSON.stringify(jwk, members)).digest('base64url')
}
