import { enqueue, markDone } from '../db/queries/outbox.js'
import { findUserByEmail, findUserById } from '../db/queries/users.js'
import type { Processor } from './processor.js'

/** Asks the new mailbox, and tells the old one. If the new address has an account already, its owner is told instead. */
export const requestEmailChange: Processor<'request-email-change'> = (
  { db, mailedLinks },
  { userId, email },
  { id },
) =>
  db.transaction(async (tx) => {
    if (!(await markDone(tx, id))) return
    const user = await findUserById(tx, userId)
    if (user?.status !== 'active' || user.email === email) return
    const other = await findUserByEmail(tx, email)
    if (other) await enqueue(tx, 'send-notice', { mail: 'already-registered', userId: other.id })
    else await mailedLinks.issue(tx, 'confirm-email-change', { id: userId, email })
    await enqueue(tx, 'send-notice', { mail: 'email-change-requested', userId })
  })
