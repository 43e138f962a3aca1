import { findUserById } from '../db/queries/accounts/users.js'
import { noticeMails } from '../emails/index.js'
import type { Processor } from './processor.js'

/** Mails a notice to the address in the payload, or to the user's current address when there is none. */
export const sendNotice: Processor<'send-notice'> = async (app, { mail, userId, to }, { id }) => {
  const user = await findUserById(app.db, userId)
  if (!user) return
  const { firstName, email } = user
  const written = noticeMails[mail].write({ firstName, email, baseUrl: app.mailedLinks.baseUrl })
  await app.mailer.send({ to: to ?? email, mail: written, messageId: id })
}
