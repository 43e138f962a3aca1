/** Longer than a person's name is: room for a message of its own. */
const NAME_MAX_LENGTH = 60

/**
 * What mail programs turn into a link by themselves, or readers into one: `https://…`, `example.com`, `www.…`, `mailto:…`, an
 * address. With the full stops of all scripts, and what looks like one; compatibility forms are plain letters by then.
 */
const LOOKS_LIKE_A_LINK = /[.。۔܁܂።᙮᠃⳹ꓸ꘎٠۰][\p{L}\p{N}]{2}|[:∶꞉ː︓]\S|[/⁄∕⧸\\]{2}|@/u

/** An international prefix, or groups of digits: `+49 …`, `555-0100`, `1-800-FLOWERS`. */
const LOOKS_LIKE_A_NUMBER = /[+➕]\s*\p{N}|\p{N}[\s./()\-‐-―]{1,3}\p{N}{3}/u

/** Digits of any script, in circles, and the Chinese words for them. Five of them are in no name, and in most numbers to call. */
const DIGIT = /[\p{N}零一二三四五六七八九]/gu
const MOST_DIGITS = 4

/** Nothing to look at: joiners, marks over letters, and variants of a character. */
const INVISIBLE = /[\p{Cf}\p{M}]/gu

/** Line breaks and control characters, and marks that turn the direction of the text after them. Persian and emoji need joiners. */
const NOT_OF_ONE_LINE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

const VALID_UNTIL = new Intl.DateTimeFormat('en-GB', {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZone: 'UTC',
})

export const oneLine = (text: string): string => text.replace(NOT_OF_ONE_LINE, ' ').trim()

/**
 * Anybody may write into somebody else's mailbox in our name: by registering its address under any name, or by inviting it to
 * an organization of any name. Undefined for what a mail program or a reader would take for a link or a number to call, and for what is too long for a name.
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

/** Until when, not for how long: nobody knows when a mail is read. */
export const validUntil = (expiresAt: Date): string =>
  `The link works once, until ${VALID_UNTIL.format(expiresAt)} UTC.`
