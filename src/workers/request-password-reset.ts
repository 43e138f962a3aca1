import { findUserByEmail } from '../db/queries/accounts/users.js'
import { inOneTransaction } from './processor.js'

/** Mails a link to set the first or a new password. Disabled accounts get none (OWASP ASVS 5.0, 6.4.3). */
export const requestPasswordReset = inOneTransaction<'request-password-reset'>(
  async (tx, { email }, { mailedLinks }) => {
    const user = await findUserByEmail(tx, email)
    if (!user || user.status === 'disabled') return
    await mailedLinks.issue(tx, user.passwordHash === null ? 'set-password' : 'reset-password', {
      user,
      email,
    })
  },
)
