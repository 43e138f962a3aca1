import { createHash, createHmac, randomBytes } from 'node:crypto'

const SECRET_BYTES = 32

/** The length in characters of every token here. Redaction recognizes tokens by it. */
export const TOKEN_LENGTH = Math.ceil((SECRET_BYTES * 8) / 6)

/** 256 random bits in base64url. */
export const generateToken = (): string => randomBytes(SECRET_BYTES).toString('base64url')

/**
 * Only the hash of a token is stored. A plain hash is enough for 256 random bits, which cannot be guessed
 * (OWASP ASVS 5.0, 11.4.1).
 */
export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest()

/** A seed for `deriveSuccessor`. */
export const generateSeed = (): Buffer => randomBytes(SECRET_BYTES)

/**
 * The refresh token that replaces `token`. A client that retries with the old token gets the same
 * successor, although no successor is stored: deriving it takes both the seed in the database and the
 * old token.
 */
export const deriveSuccessor = (token: string, seed: Buffer): string =>
  createHmac('sha256', seed).update(token).digest('base64url')
