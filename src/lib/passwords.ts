import { randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'

export const PASSWORD_MIN_LENGTH = 12
export const PASSWORD_MAX_LENGTH = 128

/** OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane. */
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

export const hashPassword = (password: string): Promise<string> => hash(password, ARGON2ID)

let decoy: Promise<string> | undefined

/**
 * True when the password fits the hash. Without a hash (unknown address, no password yet) the same work is done
 * on a decoy, so that the time taken tells nothing (OWASP ASVS 5.0, 6.3.8).
 */
export async function verifyPassword(
  passwordHash: string | null | undefined,
  password: string,
): Promise<boolean> {
  decoy ??= hashPassword(randomBytes(16).toString('base64url'))
  const fits = await verify(passwordHash ?? (await decoy), password)
  return fits && passwordHash != null
}
