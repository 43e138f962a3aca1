import { enqueue, markDone } from '../db/queries/outbox.js'
import { findUserByEmail } from '../db/queries/users.js'
import type { Processor } from './processor.js'

/** Tells the owner of an address what a registration with it means: a new account to confirm, or one they have already. */
export const confirmRegistration: Processor<'confirm-registration'> = (
  { db, mailedLinks },
  { email },
  { id },
) =>
  db.transaction(async (tx) => {
    if (!(await markDone(tx, id))) return
    const user = await findUserByEmail(tx, email)
    if (user?.status === 'pending') {
      await mailedLinks.issue(tx, user.passwordHash === null ? 'set-password' : 'verify-email', user)
    }
    if (user?.status === 'active') {
      await enqueue(tx, 'send-notice', { mail: 'already-registered', userId: user.id })
    }
  })
