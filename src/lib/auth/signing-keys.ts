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
import { readKeys, SigningKeyError } from './parse-keys.js'

export { SigningKeyError }

/** A key pair for access tokens. */
export type SigningKey = {
  /** RFC 7638 thumbprint: a key has the same id in every process and in every text form. */
  kid: string
  alg: 'EdDSA' | 'ES256'
  privateKey: KeyObject
  publicKey: KeyObject
  /** The public key, as published. */
  jwk: PublicJwk
}

export type PublicJwk = JsonWebKey & { kid: string; alg: SigningKey['alg']; use: 'sig' }

// RFC 7638 section 3.2 and RFC 8037 section 2.
const THUMBPRINT_MEMBERS = { OKP: ['crv', 'kty', 'x'], EC: ['crv', 'kty', 'x', 'y'] }

/**
 * Reads one or more Ed25519 or P-256 private keys, in any of the forms of `readKeys`. Duplicates are
 * dropped.
 * @throws {SigningKeyError} when a key cannot be read or is of another kind, or there is none
 */
export function parseSigningKeys(text: string): [SigningKey, ...SigningKey[]] {
  const keys = readKeys(text, createPrivateKey).map(toSigningKey)
  const [first, ...others] = keys.filter(({ kid }, i) => keys.findIndex((key) => key.kid === kid) === i)
  if (!first) throw new SigningKeyError('there is no private key in it')
  return [first, ...others]
}

/** Generates an Ed25519 key as PKCS#8 in PEM. */
export const generateSigningKeyPem = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

function toSigningKey(privateKey: KeyObject): SigningKey {
  const alg = algorithmOf(privateKey)
  const publicKey = createPublicKey(privateKey)
  // A JWK holds both halves, and nothing else checks that they belong together.
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

/** RFC 7638: the hash of exactly the required members, in this order. */
export function thumbprint(jwk: JsonWebKey): string {
  const members = THUMBPRINT_MEMBERS[jwk.kty === 'OKP' ? 'OKP' : 'EC']
  return createHash('sha256').update(JSON.stringify(jwk, members)).digest('base64url')
}
