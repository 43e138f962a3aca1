import { randomBytes } from 'node:crypto'
import { hash, parseOptions, verify } from '@node-rs/argon2'

/** In code points, as the wire schema counts them: an emoji of one is one character. */
export const PASSWORD_MIN_LENGTH = 12
export const PASSWORD_MAX_LENGTH = 128

export type HashingParameters = { memoryKib: number; passes: number }

export type PasswordHasher = {
  hash: (password: string) => Promise<string>
  /**
   * `matches` is false without a hash (unknown address, no password yet). `isOutdated` says that the password matches and was hashed
   * with less than today's effort. `storedEfforts` are those of all accounts, as `effortOf` has them: every verification does
   * the work of each of them once, in the same order, so that the time it takes does not show which of them the account has,
   * or that there is none (OWASP ASVS 5.0, 6.3.8).
   */
  verify: (
    passwordHash: string | null | undefined,
    password: string,
    storedEfforts?: readonly string[],
  ) => Promise<Verification>
}

type Verification = { matches: boolean; isOutdated: boolean }

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
  const ownEffort = `$argon2id$v=19$m=${parameters.memoryKib},t=${parameters.passes},p=1`
  const decoys = new Map<string, string>()
  /** Not in the list of the stored ones yet: another process hashes with another effort. */
  const seenEfforts = new Set([ownEffort])
  const toDecoy = (effort: string) => {
    const decoy = decoys.get(effort) ?? decoyOf(effort)
    decoys.set(effort, decoy)
    return decoy
  }
  return {
    hash: (password) => hashPassword(password, parameters),
    verify: async (passwordHash, password, storedEfforts = []) => {
      const effort = passwordHash == null ? undefined : effortOf(passwordHash)
      if (effort !== undefined && !storedEfforts.includes(effort)) seenEfforts.add(effort)
      const efforts = [...new Set([...seenEfforts, ...storedEfforts])]
        .filter((each) => EFFORT.test(each))
        .sort()
      let matches = false
      for (const each of efforts) {
        const isOwn = each === effort
        const isMatch = await verify(isOwn ? String(passwordHash) : toDecoy(each), canonical(password))
        matches ||= isOwn && isMatch
      }
      return { matches, isOutdated: matches && isWeaker(String(passwordHash), parameters) }
    },
  }
}

const EFFORT = /^\$argon2(id?|d)\$v=\d{1,2}\$m=\d{1,9},t=\d{1,9},p=\d{1,3}$/

/** `$argon2id$v=19$m=19456,t=2,p=1` */
const effortOf = (passwordHash: string): string => passwordHash.split('$', 4).join('$')

/** Takes the same work to verify, and no password matches. */
const decoyOf = (effort: string): string =>
  [effort, ...[16, 32].map((length) => randomBytes(length).toString('base64').replace(/=+$/, ''))].join('$')

/** One password, however a keyboard composes its characters (RFC 8265, 4.2.2). */
const canonical = (password: string): string => password.normalize('NFC')

function isWeaker(passwordHash: string, { memoryKib, passes }: HashingParameters): boolean {
  const { algorithm, memoryCost, timeCost } = parseOptions(passwordHash)
  return algorithm !== ARGON2ID || memoryCost < memoryKib || timeCost < passes
}
