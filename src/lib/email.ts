export const EMAIL_MAX_LENGTH = 254

/**
 * One address, one account: compared without case.
 * The local part is case-sensitive on paper (RFC 5321, 2.4) and nowhere in practice.
 */
export const normalizeEmail = (email: string): string => email.toLowerCase()

/**
 * What HTML's `input type=email` accepts, with a dot required in the domain; ASCII only.
 * No spaces, commas, quotes, brackets or line breaks get through, so an address can never become two in a mail header.
 * Every label is bounded, so the pattern cannot backtrack without end.
 */
export const EMAIL_PATTERN =
  "^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}){0,31}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.){1,8}[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$"
