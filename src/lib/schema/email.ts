import { domainToASCII } from 'node:url'

/** Characters. The limit of RFC 5321, 4.5.3.1.3, for a path without its angle brackets. */
export const EMAIL_MAX_LENGTH = 254

/** Letters, digits, dots and hyphens; also characters outside ASCII, which Punycode can encode. */
const INTERNATIONAL_DOMAIN = /^[A-Za-z0-9.\-\P{ASCII}]+$/u
const IS_ASCII = /^\p{ASCII}*$/u

/** `user@münchen.de` becomes `user@xn--mnchen-3ya.de`, the form that every mail server understands. */
function withAsciiDomain(email: string): string {
  const at = email.lastIndexOf('@') + 1
  const domain = email.slice(at)
  if (IS_ASCII.test(domain) || !INTERNATIONAL_DOMAIN.test(domain)) return email
  return email.slice(0, at) + domainToASCII(domain)
}

/**
 * The form in which addresses are stored and compared: lower case, with the domain in ASCII.
 * The local part is case-sensitive by RFC 5321, 2.4, but not in practice.
 */
export const normalizeEmail = (email: string): string => withAsciiDomain(email).toLowerCase()

/**
 * The pattern of HTML's `input type=email`, with a dot required in the domain. ASCII only.
 * It excludes spaces, commas, quotes, brackets and line breaks, so that one address can never become two
 * in a mail header. Each label is bounded, which also bounds backtracking.
 */
const ADDRESS =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}){0,31}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$/

/** Whether the text is exactly one address that is safe in a mail header. */
export const isAsciiEmail = (text: string): boolean => text.length <= EMAIL_MAX_LENGTH && ADDRESS.test(text)

/** As `isAsciiEmail`, but also accepts domains that `normalizeEmail` converts to ASCII. */
export const isEmail = (text: string): boolean =>
  text.length <= EMAIL_MAX_LENGTH && isAsciiEmail(withAsciiDomain(text))
