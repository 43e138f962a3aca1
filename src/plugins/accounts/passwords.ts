import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Caller, Semaphore, type SemaphoreState } from '../../lib/async/semaphore.js'
import { createBreachCheck } from '../../lib/auth/breached-passwords.js'
import { checkPassword, type Person } from '../../lib/auth/password-policy.js'
import { createPasswordHasher, type HashingParameters } from '../../lib/auth/passwords.js'
import { countBreachChecks, hashingReadings } from '../../metrics/api.js'

declare module 'fastify' {
  interface FastifyInstance {
    passwords: {
      /**
       * Checks the password policy and, when configured, known breaches. Then hashes the password.
       *
       * @throws {PasswordTooCommon} when the password is easy to guess or was found in a breach
       * @throws {Overloaded} when too many callers wait for a turn
       */
      hashNew: (password: string, person: Person, caller?: Caller) => Promise<string>
      /**
       * `betterHash` replaces the stored hash when that was made with outdated parameters.
       *
       * @throws {Overloaded} when too many callers wait for a turn
       */
      verify: (attempt: PasswordAttempt) => Promise<{ matches: boolean; betterHash?: string }>
      state: () => SemaphoreState
    }
  }
}

type PasswordAttempt = {
  /** Null or undefined when there is no account or no password: the same work is done, and never matches. */
  passwordHash: string | null | undefined
  password: string
  /** The hashing parameters that occur among all accounts: see PasswordHasher. */
  storedEfforts?: readonly string[] | undefined
  caller?: Caller
  /**
   * Runs when the attempt gets its turn, right before the password is
   * verified. If it throws, nothing is verified.
   */
  before: () => Promise<void>
}

/** argon2 shares libuv's four threads with file access and DNS lookups, which must not wait for passwords. */
const CONCURRENCY = 2
const MAX_WAITING = 250

type PasswordOptions = HashingParameters & { maxWaitMs: number; breachedPasswordsUrl?: string | undefined }

async function passwords(
  app: FastifyInstance,
  { maxWaitMs, breachedPasswordsUrl, ...parameters }: PasswordOptions,
) {
  const findBreach =
    breachedPasswordsUrl && countBreachChecks(createBreachCheck(breachedPasswordsUrl), app.metrics)
  const hasher = createPasswordHasher(parameters)
  const semaphore = new Semaphore({ slots: CONCURRENCY, maxWaiting: MAX_WAITING, maxWaitMs })

  app.metrics.add(hashingReadings(() => semaphore.state))

  app.decorate('passwords', {
    state: () => semaphore.state,
    hashNew: async (password, person, caller) => {
      await checkPassword(password, person, findBreach || undefined)
      return semaphore.run(() => hasher.hash(password), caller)
    },
    verify: ({ passwordHash, password, storedEfforts, caller, before }) =>
      semaphore.run(async () => {
        await before()
        const { matches, isOutdated } = await hasher.verify(passwordHash, password, storedEfforts)
        return { matches, ...(isOutdated && { betterHash: await hasher.hash(password) }) }
      }, caller),
  })
}

export default fp(passwords, { name: 'passwords', dependencies: ['metrics'] })
