import { domainToASCII } from 'node:url'

export const EMAIL_MAX_LENGTH = 254

/** ASCII only, but for a domain of other scripts: what is not ASCII there has a form that is. */
const DOMAIN_OF_LETTERS = /^[A-Za-z0-9.\-\P{ASCII}]+$/u
const IS_ASCII = /^\p{ASCII}*$/u

/** `user@münchen.de` is `user@xn--mnchen-3ya.de`, the form that every mail server and every table knows. */
function withAsciiDomain(email: string): string {
  const at = email.lastIndexOf('@') + 1
  const domain = email.slice(at)
  if (IS_ASCII.test(domain) || !DOMAIN_OF_LETTERS.test(domain)) return email
  return email.slice(0, at) + domainToASCII(domain)
}

/**
 * One address, one account: compared without case, and with the domain in ASCII.
 * The local part is case-sensitive on paper (RFC 5321, 2.4) and nowhere in practice.
 */
export const normalizeEmail = (email: string): string => withAsciiDomain(email).toLowerCase()

/**
 * What HTML's `input type=email` accepts, with a dot required in the domain; ASCII only.
 * No spaces, commas, quotes, brackets or line breaks get through, so an address can never become two in a mail header.
 * Every label is bounded, so the pattern cannot backtrack without end.
 */
const ADDRESS =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}){0,31}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$/

/** Whether it is exactly one address, ready to be written into a header. */
export const isAsciiEmail = (text: string): boolean => text.length <= EMAIL_MAX_LENGTH && ADDRESS.test(text)

/** The same, or an address that is one once `normalizeEmail` has been at it. */
export const isEmail = (text: string): boolean =>
  text.length <= EMAIL_MAX_LENGTH && isAsciiEmail(withAsciiDomain(text))
