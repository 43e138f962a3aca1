import { randomBytes } from 'node:crypto'
import { hash, parseOptions, verify } from '@node-rs/argon2'

/** In code points, as the wire schema counts them: an emoji of one is one character. */
export const PASSWORD_MIN_LENGTH = 12
export const PASSWORD_MAX_LENGTH = 128

export type HashingParameters = { memoryKib: number; passes: number }

export type PasswordHasher = {
  hash: (password: string) => Promise<string>
  /**
   * `fits` is false without a hash (unknown address, no password yet), after the same work on a decoy: the time taken tells
   * nothing (OWASP ASVS 5.0, 6.3.8). `isOutdated` says that the password fits and was hashed with less than today's effort.
   */
  verify: (passwordHash: string | null | undefined, password: string) => Promise<Verification>
}

type Verification = { fits: boolean; isOutdated: boolean }

/** OWASP Password Storage Cheat Sheet: argon2id with at least 19 MiB and two passes, on one lane. */
const OWASP_MINIMUM: HashingParameters = { memoryKib: 19_456, passes: 2 }

const ARGON2ID = 2

export const hashPassword = (
  password: string,
  { memoryKib, passes }: HashingParameters = OWASP_MINIMUM,
): Promise<string> =>
  hash(canonical(password), {
    algorithm: ARGON2ID,
    memoryCost: memoryKib,
    timeCost: passes,
    parallelism: 1,
  })

export function createPasswordHasher(parameters: HashingParameters): PasswordHasher {
  // Begun at once and not awaited: neither the start nor the first unknown address takes longer for it.
  const decoy = hashPassword(randomBytes(16).toString('base64url'), parameters)
  decoy.catch(() => undefined)
  return {
    hash: (password) => hashPassword(password, parameters),
    verify: async (passwordHash, password) => {
      const isReal = passwordHash != null
      const compared = isReal ? passwordHash : await decoy
      const fits = (await verify(compared, canonical(password))) && isReal
      return { fits, isOutdated: fits && isWeaker(compared, parameters) }
    },
  }
}

/** One password, however a keyboard composes its characters (RFC 8265, 4.2.2). */
const canonical = (password: string): string => password.normalize('NFC')

function isWeaker(passwordHash: string, { memoryKib, passes }: HashingParameters): boolean {
  const { algorithm, memoryCost, timeCost } = parseOptions(passwordHash)
  return algorithm !== ARGON2ID || memoryCost < memoryKib || timeCost < passes
}
