/** Longer than a person's name is: room for a message of its own. */
const NAME_MAX_LENGTH = 60

/** What mail programs turn into a link by themselves: `https://…`, `example.com`, `www.…`, `mailto:…`, an address. */
const LOOKS_LIKE_A_LINK = /[.。．｡][\p{L}\p{N}]{2}|[:：]\S|@/u

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
 * an organization of any name. Undefined for what a mail program would make a link of, and for what is too long for a name.
 */
export function harmlessName(text: string): string | undefined {
  const name = oneLine(text)
  const isHarmless = name.length > 0 && name.length <= NAME_MAX_LENGTH && !LOOKS_LIKE_A_LINK.test(name)
  return isHarmless ? name : undefined
}

export function greeting(firstName: string): string {
  const name = harmlessName(firstName)
  return name === undefined ? 'Hello,' : `Hello ${name},`
}

/** Until when, not for how long: nobody knows when a mail is read. */
export const validUntil = (expiresAt: Date): string =>
  `The link works once, until ${VALID_UNTIL.format(expiresAt)} UTC.`
