import { findLinkToMail } from '../db/queries/accounts/mailed-tokens.js'
import { linkMails } from '../emails/index.js'
import { type Processor, UnrecoverableError } from './processor.js'

/** Derives the token from its row. It exists only in the mail: nothing stores it. */
export const sendLink: Processor<'send-link'> = async ({ db, mailer, mailedLinks }, payload, { id }) => {
  const { path, write } = linkMails[payload.mail]
  const found = await findLinkToMail(db, payload.tokenId)
  // Used, expired, or void because the account has changed: the link would not work.
  if (!found) return
  const { email, expiresAt } = found.link
  const link = mailedLinks.write(found.link, path)
  if (link === undefined) throw new UnrecoverableError('The signing key of this link is no longer configured')
  const mail = write({ firstName: found.firstName, email, link, expiresAt })
  await mailer.send({ to: email, mail, messageId: id })
}
