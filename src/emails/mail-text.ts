/** A longer name would leave room for a message. */
const NAME_MAX_LENGTH = 60

/**
 * Text that mail programs turn into a link, or that readers would type as one: `https://…`, `example.com`,
 * `www.…`, `mailto:…`, an address. Covers the full stops of all scripts and characters that look like one.
 * Expects NFKD, which turns compatibility forms into plain characters.
 */
const LOOKS_LIKE_A_LINK = /[.。۔܁܂።᙮᠃⳹ꓸ꘎٠۰][\p{L}\p{N}]{2}|[:∶꞉ː︓]\S|[/⁄∕⧸\\]{2}|@/u

/** An international prefix, or groups of digits: `+49 …`, `555-0100`, `1-800-FLOWERS`. */
const LOOKS_LIKE_A_NUMBER = /[+➕]\s*\p{N}|\p{N}[\s./()\-‐-―]{1,3}\p{N}{3}/u

/**
 * Digits of any script, circled digits, and the Chinese numerals. Names do not
 * contain five of them; most telephone numbers do.
 */
const DIGIT = /[\p{N}零一二三四五六七八九]/gu
const MOST_DIGITS = 4

/** Joiners, marks on letters and variation selectors: they would hide a link from the patterns above. */
const INVISIBLE = /[\p{Cf}\p{M}]/gu

/**
 * Line breaks, control characters, and marks that change the direction of the text after them. The zero-width
 * joiners are kept: Persian and emoji need them.
 */
const LINE_BREAKING = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

const VALID_UNTIL = new Intl.DateTimeFormat('en-GB', {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZone: 'UTC',
})

/** Replaces line breaks, control characters and direction marks by spaces. */
export const oneLine = (text: string): string => text.replace(LINE_BREAKING, ' ').trim()

/**
 * Returns the name as one line, or undefined when it is empty, longer than 60 characters, or looks like a
 * link or a telephone number. Anyone can have us mail a stranger under a name of their choice, by registering
 * the stranger's address or by inviting it to an organization.
 */
export function harmlessName(text: string): string | undefined {
  const name = oneLine(text)
  const isHarmless = name.length > 0 && name.length <= NAME_MAX_LENGTH && !isCallToAction(name)
  return isHarmless ? name : undefined
}

function isCallToAction(name: string): boolean {
  const plain = name.normalize('NFKD').replace(INVISIBLE, '')
  const digits = plain.match(DIGIT)?.length ?? 0
  return digits > MOST_DIGITS || LOOKS_LIKE_A_LINK.test(plain) || LOOKS_LIKE_A_NUMBER.test(plain)
}

export function greeting(firstName: string): string {
  const name = harmlessName(firstName)
  return name === undefined ? 'Hello,' : `Hello ${name},`
}

/** Gives the time of expiry, not a duration: the mail may be read much later. */
export const validUntil = (expiresAt: Date): string =>
  `The link works once and is valid until ${VALID_UNTIL.format(expiresAt)} UTC.`
