/** One way to take a password apart: the parts to guess, and in how many ways they can be combined. */
export type Reading = { parts: readonly string[]; arrangements: number }

/** Attackers append these to common passwords, so they add nothing to the guesses. */
const WELL_KNOWN_DOMAINS = [
  ...['gmail.com', 'googlemail.com', 'google.com', 'youtube.com', 'facebook.com', 'instagram.com'],
  ...['yahoo.com', 'yahoo.co.uk', 'yahoo.fr', 'ymail.com', 'aol.com', 'icloud.com', 'me.com', 'apple.com'],
  ...['hotmail.com', 'hotmail.co.uk', 'hotmail.fr', 'outlook.com', 'live.com', 'msn.com', 'microsoft.com'],
  ...['mail.ru', 'yandex.ru', 'rambler.ru', 'bk.ru', 'vk.com', 'qq.com', '163.com', '126.com', 'naver.com'],
  ...['web.de', 'gmx.de', 'gmx.net', 'gmx.com', 't-online.de', 'orange.fr', 'free.fr', 'libero.it'],
  ...['proton.me', 'protonmail.com', 'mail.com', 'example.com', 'amazon.com', 'twitter.com', 'linkedin.com'],
]

/** Shorter words repeat by chance. */
const REPEATED_WORD_MIN_LENGTH = 3
/** The factor for each run of letters, digits or signs that differs in length from the one before. */
const WAYS_PER_CHANGE = 4

/**
 * Returns what is left to guess of a password without well-known domains, repetitions and separators: an
 * attacker who tries `dragon` also tries it eleven times in a row, `d-r-a-g-o-n` and `dragon@gmail.com`.
 * Expects the password in lower case. Takes linear time. `ownDomain` is the domain of the user's address.
 */
export function readingsOf(password: string, ownDomain = ''): Reading[] {
  const text = withoutDomains(password, ownDomain)
  const unit = unitOf(text)
  const times = Math.ceil(text.length / Math.max(unit.length, 1))
  const { parts, arrangements } = byKind(unit)
  return [
    { parts: [unit], arrangements: times },
    { parts: [unitOf(wordsOnce(unit))], arrangements: times },
    { parts: withoutSeparator(unit), arrangements: times * arrangements },
    { parts, arrangements: times * arrangements },
  ]
}

function withoutDomains(text: string, ownDomain: string): string {
  const packed = text.replace(/\s/gu, '')
  const domains = [...WELL_KNOWN_DOMAINS, ownDomain].filter(
    (domain) => domain.includes('.') && packed.includes(domain),
  )
  if (domains.length === 0) return text
  // Other domains end in `mail.com`.
  const longestFirst = domains.sort((one, other) => other.length - one.length)
  return longestFirst.reduce(
    (rest, domain) => rest.replaceAll(`@${domain}`, '').replaceAll(domain, ''),
    packed,
  )
}

/** Returns `dragon` for `dragondragondrag`, and `1234` for `11223344`. */
function unitOf(text: string): string {
  const characters = [...text]
  const runs = runsOf(characters, (character) => character)
  const timesEach = runs.reduce((divisor, run) => commonDivisor(run.length, divisor), 0)
  const once = timesEach > 1 ? characters.filter((_, i) => i % timesEach === 0) : characters
  return once.slice(0, periodOf(once)).join('')
}

/**
 * The length of the shortest unit that repeats at least twice, or the whole length. Uses the failure
 * function of Knuth, Morris and Pratt.
 */
function periodOf(characters: readonly string[]): number {
  const borders = [0]
  for (let i = 1, border = 0; i < characters.length; i += 1) {
    while (border > 0 && characters[i] !== characters[border]) border = borders[border - 1] ?? 0
    if (characters[i] === characters[border]) border += 1
    borders.push(border)
  }
  const period = characters.length - (borders.at(-1) ?? 0)
  return 2 * period <= characters.length ? period : characters.length
}

/** Removes repeated words: returns `dragon12` for `dragon1dragon2`. Short words are kept. */
function wordsOnce(text: string): string {
  const words = text.match(/[\p{L}\p{M}]+|\p{N}+/gu) ?? []
  const seen = new Set<string>()
  const kept = words.filter((word) => {
    const isRepeated = word.length >= REPEATED_WORD_MIN_LENGTH && seen.has(word)
    seen.add(word)
    return !isRepeated
  })
  return kept.length < words.length ? kept.join('') : text
}

/** Returns `p@ssw0rd` and a space for `p @ s s w 0 r d`: the most frequent sign is the separator. */
function withoutSeparator(text: string): string[] {
  const counts = new Map<string, number>()
  for (const sign of text.match(/[^\p{L}\p{M}\p{N}]/gu) ?? []) counts.set(sign, (counts.get(sign) ?? 0) + 1)
  const [[separator] = ['']] = [...counts].sort(([, one], [, other]) => other - one)
  return separator === '' ? [text] : [unitOf(text.replaceAll(separator, '')), separator]
}

/** Separates letters, digits and signs: returns `password` and `1234` for `p1a2s3s4word`. */
function byKind(text: string): Reading {
  const runs = runsOf([...text], kindOf)
  const groups = KINDS.map((kind) => runs.filter((run) => run.kind === kind)).filter(
    ({ length }) => length > 0,
  )
  const changes = groups.flatMap((group) =>
    group.filter((run, i) => i > 0 && run.length !== group[i - 1]?.length),
  )
  return {
    parts: groups.map((group) => unitOf(group.map((run) => run.text).join(''))),
    arrangements: (ORDERS[groups.length] ?? 1) * WAYS_PER_CHANGE ** changes.length,
  }
}

/** The number of orders of zero, one, two or three kinds. */
const ORDERS = [1, 1, 2, 6]
const KINDS = ['letter', 'digit', 'sign'] as const

const kindOf = (character: string): string =>
  /[\p{L}\p{M}]/u.test(character) ? 'letter' : /\p{N}/u.test(character) ? 'digit' : 'sign'

type Run = { kind: string; text: string; length: number }

function runsOf(characters: readonly string[], toKind: (character: string) => string): Run[] {
  const runs: Run[] = []
  for (const character of characters) {
    const kind = toKind(character)
    const last = runs.at(-1)
    if (last?.kind === kind) {
      last.text += character
      last.length += 1
    } else runs.push({ kind, text: character, length: 1 })
  }
  return runs
}

const commonDivisor = (one: number, other: number): number =>
  other === 0 ? one : commonDivisor(other, one % other)
