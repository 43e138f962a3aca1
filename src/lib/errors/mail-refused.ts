/** A mail that no retry can deliver: the server refused it for good (a 5xx, RFC 5321, 4.2.1), or it is none to begin with. */
export class MailRefused extends Error {
  override name = 'MailRefused'
}
