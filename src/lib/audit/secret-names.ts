/** A name is secret when one of its words is in this list. */
const WORDS =
  'password passwd pwd pass pw passphrase passcode secret token jwt hash salt otp totp pin cvv cvc authorization cookie ' +
  'credential signature apikey privatekey secretkey'
/** These also count inside a longer word: `newpassword`, `passwordhash`. */
const PARTS = ['password', 'passwd', 'passphrase']
/** These also count at the end of a longer word: `accesstoken`. */
const ENDS = 'token secret'
/** These count when one word follows the other, as in `api_key`. */
const PAIRS = { first: 'api private signing encryption', second: 'key' }

type Form = (word: string) => string
const lower: Form = (word) => word
const capital: Form = (word) => word.charAt(0).toUpperCase() + word.slice(1)
const upper: Form = (word) => word.toUpperCase()

const oneOf = (words: string, ...forms: Form[]): string =>
  `(?:${words
    .split(' ')
    .flatMap((word) => forms.map((form) => form(word)))
    .join('|')})`
const inAnyCase = (word: string): string => word.replace(/./g, (letter) => `[${upper(letter)}${letter}]`)

/** The end of a word, singular or plural. `tokenHash` is two words, `tokenizer` is one. */
const AFTER_LOWER = '(?:e?s)?(?![a-z])'
const AFTER_UPPER = '(?:E?S|s)?(?:(?![A-Za-z])|(?=[A-Z][a-z]))'

const KEY = `[^A-Za-z]*(?:${capital(PAIRS.second)}${AFTER_LOWER}|${upper(PAIRS.second)}${AFTER_UPPER})|[^A-Za-z]+${PAIRS.second}${AFTER_LOWER}`

/**
 * A regular expression for names of secrets, in any way to join words. It matches `tokenHash`,
 * `x-api-key` and `password2`, but not `passenger` or `compass`. PostgreSQL and JavaScript understand
 * it alike, so the audit triggers and the code share one list.
 */
export const SECRET_NAME = [
  ...PARTS.map(inAnyCase),
  `(?<![A-Za-z])${oneOf(WORDS, lower)}${AFTER_LOWER}`,
  `${oneOf(WORDS, capital)}${AFTER_LOWER}`,
  `(?<![A-Z])${oneOf(WORDS, upper)}${AFTER_UPPER}`,
  `${oneOf(ENDS, lower)}${AFTER_LOWER}`,
  `${oneOf(ENDS, upper)}${AFTER_UPPER}`,
  `(?:(?<![A-Za-z])${oneOf(PAIRS.first, lower)}|${oneOf(PAIRS.first, capital)}|(?<![A-Z])${oneOf(PAIRS.first, upper)})(?:${KEY})`,
].join('|')
