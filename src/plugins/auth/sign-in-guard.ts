import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { listHashingEfforts, upgradePasswordHash } from '../../db/queries/accounts/sign-in.js'
import {
  type Attempt,
  type Counted,
  clearThrottle,
  reserveAttempt,
  type SignInWaits,
} from '../../db/queries/accounts/sign-in-throttle.js'
import { enqueueNotice } from '../../db/queries/jobs/outbox.js'
import type { User } from '../../db/schema/users.js'
import { cachedFor } from '../../lib/async/cached-for.js'
import type { Caller } from '../../lib/async/semaphore.js'

declare module 'fastify' {
  interface FastifyInstance {
    signInGuard: {
      /**
       * Checks the password of a user, when signing in or to confirm a change. Without a user it does the
       * same work and returns false.
       *
       * @throws {TooManyAttempts} after too many wrong passwords for this address, whatever the password is
       * @throws {Overloaded} when too many callers wait for a turn
       */
      verifyPassword: (attempt: PasswordAttempt) => Promise<boolean>
    }
  }
}

type PasswordAttempt = Attempt & { user: User | undefined; password: string; caller: Caller }

/** When all accounts have been rehashed with new parameters, the old ones cost time for this long at most. */
const EFFORTS_KEPT_MS = 3_600_000

/**
 * For an unknown address a notice is enqueued as well, but never sent: the time of the write must not
 * reveal whether there is an account.
 */
const NO_USER = '00000000-0000-0000-0000-000000000000'

async function signInGuard(app: FastifyInstance, { waits }: { waits: SignInWaits }) {
  const { db, passwords } = app
  const readEfforts = cachedFor(() => listHashingEfforts(db), EFFORTS_KEPT_MS)

  app.decorate('signInGuard', {
    verifyPassword: async ({ email, from, user, password, caller }) => {
      let counted: Counted | undefined
      const { matches, betterHash } = await passwords.verify({
        passwordHash: user?.passwordHash,
        password,
        caller,
        storedEfforts: await readEfforts(),
        // Counted when the attempt gets its turn: right passwords that wait must not count as failures.
        before: async () => {
          counted = await reserveAttempt(db, { email, from }, waits)
        },
      })
      if (matches && counted) await clearThrottle(db, counted.key)
      else if (counted?.isLastBeforeWait) await announceWait(user?.id ?? NO_USER, email)
      if (user && betterHash) await upgradePasswordHash(db, user, betterHash)
      return matches
    },
  })

  const announceWait = (userId: string, email: string) =>
    db.transaction((tx) => enqueueNotice(tx, 'sign-in-blocked', { id: userId, email }))
}

export default fp(signInGuard, { name: 'sign-in-guard', dependencies: ['db', 'passwords'] })
