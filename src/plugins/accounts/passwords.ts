import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Caller, createSemaphore, type SemaphoreState } from '../../lib/async/semaphore.js'
import { createBreachCheck } from '../../lib/auth/breached-passwords.js'
import { checkPassword, type Person } from '../../lib/auth/password-policy.js'
import { createPasswordHasher, type HashingParameters } from '../../lib/auth/passwords.js'
import { countBreachChecks, hashingReadings } from '../../metrics/api.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Both throw Overloaded when too many wait for their turn. */
    passwords: {
      /** Checks the policy and, where it is configured, known breaches, then hashes. Throws PasswordTooCommon. */
      hashNew: (password: string, person: Person, caller?: Caller) => Promise<string>
      verify: (attempt: PasswordAttempt) => Promise<{ matches: boolean; betterHash?: string }>
      state: () => SemaphoreState
    }
  }
}

type PasswordAttempt = {
  passwordHash: string | null | undefined
  password: string
  /** Of all accounts: see PasswordHasher. */
  storedEfforts?: readonly string[] | undefined
  caller?: Caller
  /** Runs when the turn has come, right before the work; what it throws spares it. */
  before: () => Promise<void>
}

/** argon2 shares libuv's four threads with file access and name lookups: these must not wait behind passwords. */
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
  const semaphore = createSemaphore({ slots: CONCURRENCY, maxWaiting: MAX_WAITING, maxWaitMs })

  app.metrics.add(hashingReadings(semaphore.state))

  app.decorate('passwords', {
    state: semaphore.state,
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
