/** A way to read a password: the parts that are left to guess, and in how many ways they may be put together. */
export type Reading = { parts: readonly string[]; arrangements: number }

/** Domains that stand in a password for no better reason than that everyone knows them. */
const WELL_KNOWN_DOMAINS = [
  ...['gmail.com', 'googlemail.com', 'google.com', 'youtube.com', 'facebook.com', 'instagram.com'],
  ...['yahoo.com', 'yahoo.co.uk', 'yahoo.fr', 'ymail.com', 'aol.com', 'icloud.com', 'me.com', 'apple.com'],
  ...['hotmail.com', 'hotmail.co.uk', 'hotmail.fr', 'outlook.com', 'live.com', 'msn.com', 'microsoft.com'],
  ...['mail.ru', 'yandex.ru', 'rambler.ru', 'bk.ru', 'vk.com', 'qq.com', '163.com', '126.com', 'naver.com'],
  ...['web.de', 'gmx.de', 'gmx.net', 'gmx.com', 't-online.de', 'orange.fr', 'free.fr', 'libero.it'],
  ...['proton.me', 'protonmail.com', 'mail.com', 'example.com', 'amazon.com', 'twitter.com', 'linkedin.com'],
]

/** Shorter words come twice by chance. */
const REPEATED_WORD_MIN_LENGTH = 3
/** For each change of the rhythm in which letters, digits and signs alternate. */
const WAYS_PER_CHANGE = 4

/**
 * What remains of a password once a well-known domain, repetition and what stands between its letters are taken away:
 * a guesser who tries `dragon` also tries it eleven times, `d-r-a-g-o-n` and `dragon@gmail.com`.
 * Takes the password in lower case, and time in proportion to its length.
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
  const domains = [...WELL_KNOWN_DOMAINS, ownDomain].filter((it) => it.includes('.') && packed.includes(it))
  if (domains.length === 0) return text
  // `mail.com` is the end of others.
  const longestFirst = domains.sort((one, other) => other.length - one.length)
  return longestFirst.reduce(
    (rest, domain) => rest.replaceAll(`@${domain}`, '').replaceAll(domain, ''),
    packed,
  )
}

/** `dragon` of `dragondragondrag`, and `1234` of `11223344`. */
function unitOf(text: string): string {
  const characters = [...text]
  const evenRuns = runsOf(characters, (it) => it).reduce((sum, run) => commonDivisor(run.length, sum), 0)
  const once = evenRuns > 1 ? characters.filter((_, i) => i % evenRuns === 0) : characters
  return once.slice(0, periodOf(once)).join('')
}

/** The whole length where nothing comes twice in full; by the failure function of Knuth, Morris and Pratt. */
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

/** Each longer word where it stands first: `dragon12` of `dragon1dragon2`. The same text where all are different. */
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

/** `p@ssw0rd` and a space of `p @ s s w 0 r d`: the sign that comes most often is the one that separates. */
function withoutSeparator(text: string): string[] {
  const counts = new Map<string, number>()
  for (const sign of text.match(/[^\p{L}\p{M}\p{N}]/gu) ?? []) counts.set(sign, (counts.get(sign) ?? 0) + 1)
  const [[separator] = ['']] = [...counts].sort(([, one], [, other]) => other - one)
  return separator === '' ? [text] : [unitOf(text.replaceAll(separator, '')), separator]
}

/** Letters, digits and signs each by themselves: `password` and `1234` of `p1a2s3s4word`. */
function byKind(text: string): Reading {
  const runs = runsOf([...text], kindOf)
  const ofKind = KINDS.map((kind) => runs.filter((run) => run.kind === kind)).filter(
    ({ length }) => length > 0,
  )
  const changes = ofKind.flatMap((some) =>
    some.filter((run, i) => i > 0 && run.length !== some[i - 1]?.length),
  )
  return {
    parts: ofKind.map((some) => unitOf(some.map((run) => run.text).join(''))),
    arrangements: (ORDERS[ofKind.length] ?? 1) * WAYS_PER_CHANGE ** changes.length,
  }
}

/** In how many orders none, one, two or three kinds may come. */
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
