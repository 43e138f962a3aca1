import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { upgradePasswordHash } from '../../db/queries/accounts/credentials.js'
import { listHashingEfforts } from '../../db/queries/accounts/hashing-efforts.js'
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
       * Whether the password is the user's, wherever it is asked for. Does the same work without a user.
       * Throws TooManyAttempts, for every password alike, after too many wrong ones for this address.
       */
      verifyPassword: (attempt: PasswordAttempt) => Promise<boolean>
    }
  }
}

type PasswordAttempt = Attempt & { user: User | undefined; password: string; caller: Caller }

/** A raise that all accounts have followed costs nothing more after this time. */
const EFFORTS_KEPT_MS = 3_600_000

/** An unknown address causes a notice as well, that leads nowhere: writing it takes time, and that must tell nothing. */
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
        // In the turn, not before it: of many right passwords at once only those in work count as failures meanwhile.
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
