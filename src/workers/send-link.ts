import { findLinkToMail } from '../db/queries/accounts/mailed-tokens.js'
import { linkMails } from '../emails/index.js'
import { type Processor, UnrecoverableError } from './processor.js'

/** The token is made here, on its way into the mail, and is nowhere else. */
export const sendLink: Processor<'send-link'> = async ({ db, mailer, mailedLinks }, payload, { id }) => {
  const { path, write } = linkMails[payload.mail]
  const found = await findLinkToMail(db, payload.tokenId)
  // Used, expired, or void since the account has changed: its link would only confuse.
  if (!found) return
  const { email, expiresAt } = found.link
  const link = mailedLinks.write(found.link, path)
  if (link === undefined) throw new UnrecoverableError('The key of this link has been retired')
  const mail = write({ firstName: found.firstName, email, link, expiresAt })
  await mailer.send({ to: email, mail, messageId: id })
}
