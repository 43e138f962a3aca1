import { MailRefused } from '../lib/errors/mail-refused.js'
import { isAsciiEmail } from '../lib/schema/email.js'
import type { Mail } from './layout.js'

/** `messageId` comes from the job, so that receivers can recognize a mail that was sent twice. */
export type Message = { to: string; mail: Mail; messageId: string }

/** Safe in a header and as a file name. */
export const MESSAGE_ID_PATTERN = '^[A-Za-z0-9-]{1,64}$'

const MESSAGE_ID = new RegExp(MESSAGE_ID_PATTERN)
const ONE_LINE = /^\P{Cc}+$/u

/**
 * Checks at runtime that all parts are plain strings and that there is exactly one recipient. The mail
 * library would also accept objects that name files, and lists of addresses.
 *
 * @throws {MailRefused} when they are not
 */
export function checkMessage({ to, mail, messageId }: Message): void {
  const isOneAddress = typeof to === 'string' && isAsciiEmail(to)
  if (!isOneAddress) throw new MailRefused('The recipient is not exactly one e-mail address')
  const isIdentified = typeof messageId === 'string' && MESSAGE_ID.test(messageId)
  if (!isIdentified) throw new MailRefused('The message id is not 1 to 64 letters, digits and hyphens')
  const { subject, text, html } = mail
  if (typeof subject !== 'string' || !ONE_LINE.test(subject))
    throw new MailRefused('The subject is not a single line of text')
  if (typeof text !== 'string' || typeof html !== 'string')
    throw new MailRefused('A part of the mail is not text')
}

/**
 * Splits `Name <address>` into its parts; `name` is empty for a bare address. The mail library gets them
 * apart and quotes the name: a comma in it would otherwise make two senders.
 */
export function parseMailbox(mailbox: string): { name: string; address: string } {
  const [, name = '', address = mailbox] = /^(.*\S)\s*<([^<>]+)>$/.exec(mailbox) ?? []
  return { name: name.replace(/^"(.*)"$/, '$1'), address }
}
