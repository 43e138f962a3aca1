import { findMailedTokenById } from '../db/queries/mailed-tokens.js'
import { findUserById } from '../db/queries/users.js'
import { linkMails } from '../emails/index.js'
import { type Processor, UnrecoverableError } from './processor.js'

/** The token is made here, on its way into the mail, and is nowhere else. */
export const sendLink: Processor<'send-link'> = async ({ db, mailer, mailedLinks }, payload, { id }) => {
  const { path, write } = linkMails[payload.mail]
  const token = await findMailedTokenById(db, payload.tokenId)
  // Used, or void by a newer one: its link would only confuse.
  if (!token || token.expiresAt < new Date()) return
  const user = await findUserById(db, token.userId)
  if (!user) return
  const link = mailedLinks.write(token, path)
  if (link === undefined) throw new UnrecoverableError('The key of this link has been retired')
  const { email, expiresAt } = token
  const mail = write({ firstName: user.firstName, email, link, expiresAt })
  await mailer.send({ to: email, mail, messageId: id })
}
