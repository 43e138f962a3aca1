import { listRegistrations } from '../db/queries/accounts/registration.js'
import { findUserByEmail } from '../db/queries/accounts/users.js'
import { inOneTransaction } from './processor.js'

/**
 * Mails another link to confirm an address. When the address was registered several times, it is not known
 * whose registration is meant, so the link asks for a password. Sends nothing to addresses without a pending
 * account.
 */
export const requestVerification = inOneTransaction<'request-verification'>(
  async (tx, { email }, { mailedLinks }) => {
    const user = await findUserByEmail(tx, email)
    if (user?.status !== 'pending') return
    const [only, ...others] = await listRegistrations(tx, user.id)
    if (only && others.length === 0)
      await mailedLinks.issue(tx, 'verify-email', { user, email, registrationId: only.id })
    else await mailedLinks.issue(tx, 'set-password', { user, email })
  },
)
