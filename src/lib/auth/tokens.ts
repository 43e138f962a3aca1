import { createHash, createHmac, randomBytes } from 'node:crypto'

const SECRET_BYTES = 32

/** Of every token here, for redaction to know one by its shape. */
export const TOKEN_LENGTH = Math.ceil((SECRET_BYTES * 8) / 6)

/** 256 random bits, safe in a URL. */
export const generateToken = (): string => randomBytes(SECRET_BYTES).toString('base64url')

/** Only this is stored. A plain hash is enough for 256 random bits: there is nothing to guess (OWASP ASVS 5.0, 11.4.1). */
export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest()

export const generateSeed = (): Buffer => randomBytes(SECRET_BYTES)

/**
 * The refresh token that follows on `token`. Whoever retries with the old token gets the same one again, without its being
 * stored: the seed in the database is of no use without the old token, nor the old token without the seed.
 */
export const deriveSuccessor = (token: string, seed: Buffer): string =>
  createHmac('sha256', seed).update(token).digest('base64url')
