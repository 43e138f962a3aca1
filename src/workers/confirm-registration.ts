import { listRegistrations } from '../db/queries/accounts/registration.js'
import { findUserByEmail } from '../db/queries/accounts/users.js'
import { enqueueNotice } from '../db/queries/jobs/outbox.js'
import { inOneTransaction } from './processor.js'

/**
 * Mails the owner of a registered address. For a new account, the link confirms the address together with the
 * password and names of this registration. When the registration was not kept, or the mailbox has got too
 * many such mails, the link asks for a password instead. When there is an active account, its owner gets a
 * notice.
 */
export const confirmRegistration = inOneTransaction<'confirm-registration'>(
  async (tx, { email, registrationId }, { mailedLinks }) => {
    const user = await findUserByEmail(tx, email)
    if (user?.status === 'pending') {
      const kept = (await listRegistrations(tx, user.id)).find((one) => one.id === registrationId)
      const link = { user, email }
      // If strangers have used up the confirmation mails, the owner still needs a link.
      const isIssued =
        kept && (await mailedLinks.issue(tx, 'verify-email', { ...link, registrationId: kept.id }))
      if (!isIssued) await mailedLinks.issue(tx, 'set-password', link)
    }
    if (user?.status === 'active') {
      await enqueueNotice(tx, 'already-registered', user)
    }
  },
)
