import { createHash, randomBytes } from 'node:crypto'

const SECRET_BYTES = 32

/** 256 random bits, safe in a URL. */
export const generateToken = (): string => randomBytes(SECRET_BYTES).toString('base64url')

/** Only this is stored. A plain hash is enough for 256 random bits: there is nothing to guess (OWASP ASVS 5.0, 11.4.1). */
export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest()
