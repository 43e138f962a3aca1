import { PasswordTooCommon } from '../errors/errors.js'
import type { FindBreach } from './breached-passwords.js'
import { type Reading, readingsOf } from './password-readings.js'

export type Person = { email: string; firstName?: string; lastName?: string }

/**
 * What a guesser who knows the well-known passwords and the usual ways to vary them needs at least. `password1234` falls
 * after 10^4 guesses and `iloveyou2024!!` after 10^8; four unrelated words hold out for 10^19.
 */
const MIN_GUESSES = 1e9

/** zxcvbn takes up to 200 ms for 128 adverse characters and 20 ms for these; what follows them only adds to the guesses. */
const JUDGED_LENGTH = 64
/** Nobody who guesses writes out such long ones, but for a character, a sequence or a well-known word over and over. */
const MIN_GUESSES_WHEN_LONG = 1e5
/** Of all ways to read `p4$$w0rd` the likeliest ones: more take time and find nothing. */
const MAX_SUBSTITUTIONS = 10

/** Digits and signs around one well-known word: to zxcvbn they look like random ones. */
const MAX_DECORATION = 8

const PRODUCT_NAME = 'groundwork'
const LOCAL_PART_MIN_LENGTH = 4
/** Shorter ones are part of too many other words: Mark, Long, Page. They still count as easily guessed. */
const NAME_MIN_LENGTH = 5

/**
 * Refuses well-known passwords, their simple variations, what contains the product's or the user's own name or address, and
 * what `findBreach` finds. The schema checks the length, and there are no rules of composition (NIST SP 800-63B; OWASP ASVS
 * 5.0, 6.2).
 * @throws PasswordTooCommon that says why
 */
export async function checkPassword(
  password: string,
  person: Person,
  findBreach?: FindBreach,
): Promise<void> {
  const reason = ownWordIn(password, person) ?? (await weaknessOf(password, person))
  if (reason) throw new PasswordTooCommon(reason)
  if ((await findBreach?.(password)) === 'found') {
    throw new PasswordTooCommon('it is among those that were stolen from other services.')
  }
}

function ownWordIn(password: string, { email, firstName = '', lastName = '' }: Person): string | undefined {
  const folded = fold(password)
  const contains = (word: string, minLength: number) =>
    word.length >= minLength && folded.includes(fold(word))
  if (contains(PRODUCT_NAME, 1)) return 'it contains the name of this service.'
  if (localPartsOf(email).some((part) => contains(part, LOCAL_PART_MIN_LENGTH)))
    return 'it contains your e-mail address.'
  if ([firstName, lastName].some((name) => contains(name.trim(), NAME_MIN_LENGTH)))
    return 'it contains your name.'
  return undefined
}

const fold = (text: string): string => text.normalize('NFKC').toLowerCase()

/** `ada` and `ada+shop` of ada+shop@example.com: mailboxes with a tag are known without it. */
function localPartsOf(email: string): string[] {
  const [localPart = ''] = email.split('@')
  const [mailbox = ''] = localPart.split('+')
  return [localPart, mailbox]
}

async function weaknessOf(password: string, { email, firstName = '', lastName = '' }: Person) {
  judge ??= loadJudge()
  const { guessesOf, isWellKnown } = await judge
  const ownWords = [PRODUCT_NAME, ...localPartsOf(email), firstName, lastName]
  const minGuesses = password.length < JUDGED_LENGTH ? MIN_GUESSES : MIN_GUESSES_WHEN_LONG
  const isWeak = ({ parts, arrangements }: Reading) =>
    (parts.length === 1 && isDecorated(parts[0] ?? '', isWellKnown)) ||
    parts.reduce((guesses, part) => guesses * guessesOf(part, ownWords), arrangements) < minGuesses
  const asTyped = { parts: [password], arrangements: 1 }
  return [asTyped, ...readingsOf(fold(password), fold(email.split('@')[1] ?? ''))].some(isWeak)
    ? 'it is a well-known password, or much like one.'
    : undefined
}

function isDecorated(text: string, isWellKnown: (word: string) => boolean): boolean {
  const core = text.replace(/^[^\p{L}]+/u, '').replace(/[^\p{L}]+$/u, '')
  return text.length - core.length <= MAX_DECORATION && isWellKnown(core)
}

let judge: ReturnType<typeof loadJudge> | undefined

/** Takes 100 ms and some megabytes: not before the first new password. */
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

/** To zxcvbn a one-letter name would make every such letter a known word. */
const isWord = (text: string): boolean => text.length > 2
