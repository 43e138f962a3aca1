import { markDone } from '../db/queries/outbox.js'
import { findUserByEmail } from '../db/queries/users.js'
import type { Processor } from './processor.js'

/** Sends the link that confirms an address once more. Accounts that do not wait for it, and strangers, hear nothing. */
export const requestVerification: Processor<'request-verification'> = (
  { db, mailedLinks },
  { email },
  { id },
) =>
  db.transaction(async (tx) => {
    if (!(await markDone(tx, id))) return
    const user = await findUserByEmail(tx, email)
    if (user?.status !== 'pending') return
    await mailedLinks.issue(tx, user.passwordHash === null ? 'set-password' : 'verify-email', user)
  })
