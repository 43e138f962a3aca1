import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { type ReadKey, readKeys, SigningKeyError } from '../auth/parse-keys.js'
import { parseSigningKeys, thumbprint } from '../auth/signing-keys.js'

/** The key that signs the records of the audit chain. */
export type AuditSigningKey = {
  /** RFC 7638 thumbprint of the public half. */
  kid: string
  privateKey: KeyObject
  publicKey: KeyObject
}

/** The public keys that a verifier trusts, by key id. */
export type AuditPublicKeys = ReadonlyMap<string, KeyObject>

/**
 * Reads one Ed25519 private key, in any of the forms of `readKeys`.
 * @throws {SigningKeyError} when the text does not hold exactly one Ed25519 private key
 */
export function parseAuditSigningKey(text: string): AuditSigningKey {
  const [key, ...others] = parseSigningKeys(text)
  if (others.length > 0) throw new SigningKeyError('there is more than one key in it')
  if (key.alg !== 'EdDSA') throw new SigningKeyError('the key in it is not an Ed25519 key')
  return { kid: key.kid, privateKey: key.privateKey, publicKey: key.publicKey }
}

/**
 * Reads Ed25519 public keys, in any of the forms of `readKeys`.
 * @throws {SigningKeyError} when there is no key, or one is private or not Ed25519
 */
export function parseAuditPublicKeys(text: string): AuditPublicKeys {
  const keys = readKeys(text, readPublicKey)
  if (keys.length === 0) throw new SigningKeyError('there is no public key in it')
  return new Map(keys.map((key) => [thumbprint(key.export({ format: 'jwk' })), key]))
}

function readPublicKey(input: Parameters<ReadKey>[0]): KeyObject {
  // `createPublicKey` accepts private keys, too. This one was about to be given away by mistake.
  if (isPrivate(input)) throw new SigningKeyError('a key in it is private')
  const key = createPublicKey(input)
  if (key.asymmetricKeyType !== 'ed25519') throw new SigningKeyError('a key in it is not an Ed25519 key')
  return key
}

function isPrivate(input: Parameters<ReadKey>[0]): boolean {
  try {
    createPrivateKey(input)
    return true
  } catch {
    return false
  }
}
