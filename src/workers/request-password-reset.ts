import { findUserByEmail } from '../db/queries/accounts/users.js'
import { markDone } from '../db/queries/jobs/outbox.js'
import type { Processor } from './processor.js'

/** Mails a link to set the first or a new password. Disabled accounts get none (OWASP ASVS 5.0, 6.4.3). */
export const requestPasswordReset: Processor<'request-password-reset'> = (
  { db, mailedLinks },
  { email },
  { id },
) =>
  db.transaction(async (tx) => {
    if (!(await markDone(tx, id))) return
    const user = await findUserByEmail(tx, email)
    if (!user || user.status === 'disabled') return
    await mailedLinks.issue(tx, user.passwordHash === null ? 'set-password' : 'reset-password', {
      user,
      email,
    })
  })
