import { listRegistrations } from '../db/queries/accounts/registration.js'
import { findUserByEmail } from '../db/queries/accounts/users.js'
import { markDone } from '../db/queries/jobs/outbox.js'
import type { Processor } from './processor.js'

/**
 * Sends the link that confirms an address once more. Where several have registered it, nobody knows which of them asks: the
 * link asks for the password then. Accounts that do not wait for it, and strangers, hear nothing.
 */
export const requestVerification: Processor<'request-verification'> = (
  { db, mailedLinks },
  { email },
  { id },
) =>
  db.transaction(async (tx) => {
    if (!(await markDone(tx, id))) return
    const user = await findUserByEmail(tx, email)
    if (user?.status !== 'pending') return
    const [only, ...others] = await listRegistrations(tx, user.id)
    if (only && others.length === 0)
      await mailedLinks.issue(tx, 'verify-email', { user, email, registrationId: only.id })
    else await mailedLinks.issue(tx, 'set-password', { user, email })
  })
