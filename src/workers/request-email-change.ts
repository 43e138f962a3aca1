import type { Tx } from '../db/driver/client.js'
import { isSessionLive, lockUser } from '../db/queries/accounts/mailed-tokens.js'
import { isUnconfirmed } from '../db/queries/accounts/registration.js'
import { findUserByEmail } from '../db/queries/accounts/users.js'
import { enqueueNotice } from '../db/queries/jobs/outbox.js'
import { inOneTransaction } from './processor.js'

/**
 * Mails a confirmation link to the new address and a notice to the old one. If the new address already has a
 * confirmed account, that gets a notice instead of a link; an unconfirmed registration does not count. Does
 * nothing when the session has ended or the account has changed since the request.
 */
export const requestEmailChange = inOneTransaction<'request-email-change'>(
  async (tx, { userId, email, sessionId, securityVersion }, { mailedLinks }) => {
    const user = await lockUser(tx, userId)
    if (user?.securityVersion !== securityVersion || user.status !== 'active' || user.email === email) return
    if (!(await isSessionLive(tx, sessionId))) return
    const owner = await findOwner(tx, email)
    if (owner) await enqueueNotice(tx, 'already-registered', owner)
    else if (!(await mailedLinks.issue(tx, 'confirm-email-change', { user, email, sessionId }))) return
    await enqueueNotice(tx, 'email-change-requested', user)
  },
)

async function findOwner(tx: Tx, email: string) {
  const user = await findUserByEmail(tx, email)
  return user && !(await isUnconfirmed(tx, user)) ? user : undefined
}
