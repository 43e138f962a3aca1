import { listRegistrations } from '../db/queries/accounts/registration.js'
import { findUserByEmail } from '../db/queries/accounts/users.js'
import { enqueueNotice, markDone } from '../db/queries/jobs/outbox.js'
import type { Processor } from './processor.js'

/**
 * Tells the owner of an address what a registration with it means: a new account to confirm, with what came with this
 * registration, or one they have already. Without a registration that was kept, or with too many
 * mails of late, the link asks for the password.
 */
export const confirmRegistration: Processor<'confirm-registration'> = (
  { db, mailedLinks },
  { email, registrationId },
  { id },
) =>
  db.transaction(async (tx) => {
    if (!(await markDone(tx, id))) return
    const user = await findUserByEmail(tx, email)
    if (user?.status === 'pending') {
      const kept = (await listRegistrations(tx, user.id)).find((one) => one.id === registrationId)
      const link = { user, email }
      // Where strangers have spent the mails that confirm, the owner needs another link than theirs.
      const isAsked =
        kept && (await mailedLinks.issue(tx, 'verify-email', { ...link, registrationId: kept.id }))
      if (!isAsked) await mailedLinks.issue(tx, 'set-password', link)
    }
    if (user?.status === 'active') {
      await enqueueNotice(tx, 'already-registered', user)
    }
  })
