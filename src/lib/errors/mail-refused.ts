/**
 * A mail that no retry can deliver: the mail server refused it permanently (5xx, RFC 5321, 4.2.1), or
 * the mail itself is not valid.
 */
export class MailRefused extends Error {
  override name = 'MailRefused'
}
