import { randomBytes } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { hash, parseOptions, verify } from '@node-rs/argon2'
import type { Caller } from '../async/semaphore.js'
import { networksOf } from '../network/client-networks.js'

/** In code points, as JSON schemas count them: most emoji are one character. */
export const PASSWORD_MIN_LENGTH = 12
export const PASSWORD_MAX_LENGTH = 128

/** The cost of argon2id on one lane. */
export type HashingParameters = { memoryKib: number; passes: number }

export type PasswordHasher = {
  hash: (password: string) => Promise<string>
  /**
   * `matches` is false without a hash (unknown address, or no password yet). `isOutdated`: the password
   * matches, but its hash has less effort than today's parameters. `storedEfforts` are the efforts of
   * all accounts, in the form of `effortOf`; by default none. Each verification does the work of every
   * effort once, in the same order. So its duration shows neither the effort of the account nor whether
   * the account exists (OWASP ASVS 5.0, 6.3.8).
   */
  verify: (
    passwordHash: string | null | undefined,
    password: string,
    storedEfforts?: readonly string[],
  ) => Promise<Verification>
}

type Verification = { matches: boolean; isOutdated: boolean }

/** OWASP Password Storage Cheat Sheet: argon2id with at least 19 MiB, two passes and one lane. */
const OWASP_MINIMUM: HashingParameters = { memoryKib: 19_456, passes: 2 }

const ARGON2ID = 2

/** Hashes with argon2id, by default with OWASP's minimum. */
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

/** Hashes new passwords with `parameters`, and verifies hashes of any effort. */
export function createPasswordHasher(parameters: HashingParameters): PasswordHasher {
  const currentEffort = `$argon2id$v=19$m=${parameters.memoryKib},t=${parameters.passes},p=1`
  const decoys = new Map<string, string>()
  /** May hold efforts that `storedEfforts` does not have yet: another process may use other parameters. */
  const seenEfforts = new Set([currentEffort])
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
        .filter((candidate) => EFFORT.test(candidate))
        .sort()
      let matches = false
      for (const candidate of efforts) {
        const isReal = candidate === effort
        const isMatch = await verify(isReal ? String(passwordHash) : toDecoy(candidate), canonical(password))
        matches ||= isReal && isMatch
      }
      return { matches, isOutdated: matches && isWeaker(String(passwordHash), parameters) }
    },
  }
}

const EFFORT = /^\$argon2(id?|d)\$v=\d{1,2}\$m=\d{1,9},t=\d{1,9},p=\d{1,3}$/

/** The part of a hash before salt and digest: `$argon2id$v=19$m=19456,t=2,p=1`. */
const effortOf = (passwordHash: string): string => passwordHash.split('$', 4).join('$')

/** A hash that takes the same work to verify, but matches no password. */
const decoyOf = (effort: string): string =>
  [effort, ...[16, 32].map((length) => randomBytes(length).toString('base64').replace(/=+$/, ''))].join('$')

/** Keyboards compose the same character differently (RFC 8265, 4.2.2). */
const canonical = (password: string): string => password.normalize('NFC')

function isWeaker(passwordHash: string, { memoryKib, passes }: HashingParameters): boolean {
  const { algorithm, memoryCost, timeCost } = parseOptions(passwordHash)
  return algorithm !== ARGON2ID || memoryCost < memoryKib || timeCost < passes
}

/** A caller who is signed in, or has a token from the mailbox. */
export const knownCaller = (userIdOrMailbox: string): Caller => ({
  isKnown: true,
  shares: [`user:${userIdOrMailbox}`],
})

/** `knownAddresses`: the IP addresses of earlier sign-ins to the account in question; by default none. */
export function anonymousCaller(ip: string, knownAddresses: readonly string[] = []): Caller {
  const networks = networksOf(ip)
  const [narrowest] = networks
  return {
    isKnown: knownAddresses.some((address) => networksOf(address)[0] === narrowest),
    shares: isIPv4(ip) ? [ip, ip.slice(0, ip.lastIndexOf('.'))] : networks,
  }
}
