import { MailRefused } from '../lib/errors/mail-refused.js'
import { isAsciiEmail } from '../lib/schema/email.js'
import type { Mail } from './layout.js'

/** `messageId` is that of the job: receivers know by it a mail that they got already. */
export type Message = { to: string; mail: Mail; messageId: string }

/** Safe in a header, and as the name of a file. */
export const MESSAGE_ID_PATTERN = '^[A-Za-z0-9-]{1,64}$'

const MESSAGE_ID = new RegExp(MESSAGE_ID_PATTERN)
const ONE_LINE = /^\P{Cc}+$/u

/**
 * The last door before the mail library, which takes objects that name files, and lists where one address was meant: all of it
 * is plain text here, for exactly one mailbox. Throws MailRefused.
 */
export function checkMessage({ to, mail, messageId }: Message): void {
  const isOneAddress = typeof to === 'string' && isAsciiEmail(to)
  if (!isOneAddress) throw new MailRefused('The recipient is not exactly one e-mail address')
  const isIdentified = typeof messageId === 'string' && MESSAGE_ID.test(messageId)
  if (!isIdentified) throw new MailRefused('The message id has more than letters, digits and hyphens')
  const { subject, text, html } = mail
  if (typeof subject !== 'string' || !ONE_LINE.test(subject)) throw new MailRefused('The subject is no line')
  if (typeof text !== 'string' || typeof html !== 'string') throw new MailRefused('A part is no text')
}

/** MAIL_FROM in its two parts. Joined again by hand, a comma in the name would make two senders of it. */
export function parseMailbox(mailbox: string): { name: string; address: string } {
  const [, name = '', address = mailbox] = /^(.*\S)\s*<([^<>]+)>$/.exec(mailbox) ?? []
  return { name: name.replace(/^"(.*)"$/, '$1'), address }
}
