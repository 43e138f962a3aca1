import { PasswordTooCommon } from '../errors/errors.js'
import { PRODUCT } from '../product.js'
import type { FindBreach } from './breached-passwords.js'
import { type Reading, readingsOf } from './password-decompositions.js'

/** The user whose password is checked. */
export type Person = { email: string; firstName?: string; lastName?: string }

/**
 * The minimum number of guesses for an attacker who knows common passwords and how people vary them.
 * `password1234` takes 10^4 guesses, `iloveyou2024!!` 10^8, and four unrelated words 10^19.
 */
const MIN_GUESSES = 1e9

/**
 * Characters that zxcvbn gets to see. It takes up to 200 ms for 128 adverse characters, and 20 ms for
 * these. The rest of a password could only add guesses.
 */
const JUDGED_LENGTH = 64
/**
 * Attackers do not try passwords this long, except repetitions of a character, a sequence or a common
 * word.
 */
const MIN_GUESSES_WHEN_LONG = 1e5
/** Only the likeliest ways to read `p4$$w0rd`: more of them take time and find nothing. */
const MAX_SUBSTITUTIONS = 10

/** Digits and signs around one common word: zxcvbn takes them for random characters. */
const MAX_DECORATION = 8

/** Of the product's name, and of the part of an address before the @. */
const WORD_MIN_LENGTH = 4
/** Shorter names are part of too many other words: Mark, Long, Page. They still count as easy to guess. */
const NAME_MIN_LENGTH = 5

/**
 * Refuses common passwords and simple variations of them, passwords that contain the name of the
 * product or the name or address of the user, and passwords that `findBreach` finds. The schema checks
 * the length. There are no composition rules (NIST SP 800-63B; OWASP ASVS 5.0, 6.2).
 * @throws {PasswordTooCommon} with the reason, when the password is refused
 */
export async function checkPassword(
  password: string,
  person: Person,
  findBreach?: FindBreach,
): Promise<void> {
  const reason = personalWordIn(password, person) ?? (await weaknessOf(password, person))
  if (reason) throw new PasswordTooCommon(reason)
  if ((await findBreach?.(password)) === 'found') {
    throw new PasswordTooCommon('it is one of the passwords stolen from other services.')
  }
}

function personalWordIn(
  password: string,
  { email, firstName = '', lastName = '' }: Person,
): string | undefined {
  const folded = fold(password)
  const contains = (word: string, minLength: number) =>
    word.length >= minLength && folded.includes(fold(word))
  if (contains(PRODUCT.name, WORD_MIN_LENGTH)) return 'it contains the name of this service.'
  if (localPartsOf(email).some((part) => contains(part, WORD_MIN_LENGTH)))
    return 'it contains your e-mail address.'
  if ([firstName, lastName].some((name) => contains(name.trim(), NAME_MIN_LENGTH)))
    return 'it contains your name.'
  return undefined
}

const fold = (text: string): string => text.normalize('NFKC').toLowerCase()

/** Returns `ada+shop` and `ada` for ada+shop@example.com: the mailbox is also known without the tag. */
function localPartsOf(email: string): string[] {
  const [localPart = ''] = email.split('@')
  const [mailbox = ''] = localPart.split('+')
  return [localPart, mailbox]
}

async function weaknessOf(password: string, { email, firstName = '', lastName = '' }: Person) {
  judge ??= loadJudge()
  const { guessesOf, isWellKnown } = await judge
  const ownWords = [PRODUCT.name, ...localPartsOf(email), firstName, lastName]
  const minGuesses = password.length < JUDGED_LENGTH ? MIN_GUESSES : MIN_GUESSES_WHEN_LONG
  const isWeak = ({ parts, arrangements }: Reading) =>
    (parts.length === 1 && isDecorated(parts[0] ?? '', isWellKnown)) ||
    parts.reduce((guesses, part) => guesses * guessesOf(part, ownWords), arrangements) < minGuesses
  const asTyped = { parts: [password], arrangements: 1 }
  return [asTyped, ...readingsOf(fold(password), fold(email.split('@')[1] ?? ''))].some(isWeak)
    ? 'it is a common password, or similar to one.'
    : undefined
}

function isDecorated(text: string, isWellKnown: (word: string) => boolean): boolean {
  const core = text.replace(/^[^\p{L}]+/u, '').replace(/[^\p{L}]+$/u, '')
  return text.length - core.length <= MAX_DECORATION && isWellKnown(core)
}

let judge: ReturnType<typeof loadJudge> | undefined

/** Takes 100 ms and some megabytes, so it waits for the first new password. */
async function loadJudge() {
  const [{ ZxcvbnFactory }, { adjacencyGraphs, dictionary }] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
  ])
  const zxcvbn = new ZxcvbnFactory({
    dictionary,
    graphs: adjacencyGraphs,
    l33tMaxSubstitutions: MAX_SUBSTITUTIONS,
  })
  const wellKnown = new Set<string | number>(dictionary['passwords-common'])
  return {
    isWellKnown: (word: string) => wellKnown.has(word),
    guessesOf: (password: string, ownWords: string[]) =>
      zxcvbn.check(password.slice(0, JUDGED_LENGTH), ownWords.filter(isWord)).guesses,
  }
}

/** With a one-letter name, zxcvbn would take every such letter for a known word. */
const isWord = (text: string): boolean => text.length > 2
