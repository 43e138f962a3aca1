import { randomBytes, randomInt } from 'node:crypto'
import { PRODUCT } from '../product.js'

export const SLUG_LENGTH = { min: 3, max: 50 } as const

/** Accepts upper case, which `normalizeSlug` converts. */
export const SLUG_PATTERN = '^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$'
export const SLUG_EXPECTED = 'letters and digits, with single hyphens between them'

/** Words that paths and host names of the product may need some day, and words that look official. */
const RESERVED = new Set(
  (
    'about account accounts admin administrator api api-docs app assets auth billing blog contact dashboard dev docs email ' +
    'false features ftp guest healthz help home imap info invitations login logout mail me metrics new ' +
    'no-reply noreply null official organization organizations owner pop postmaster pricing privacy public readyz register ' +
    'root search security settings signin signup smtp staff static status super-admin support system team teams terms test ' +
    'true undefined user users webmaster well-known www'
  ).split(' '),
)

export const isReservedSlug = (slug: string): boolean => RESERVED.has(slug) || slug === PRODUCT.name

export const normalizeSlug = (slug: string): string => slug.toLowerCase()

/** Returns a random slug when the name has too few usable characters or gives a reserved word. */
function slugOf(name: string): string {
  const slug = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, SLUG_LENGTH.max)
    .replace(/^-+|-+$/g, '')
  const isUsable = slug.length >= SLUG_LENGTH.min && !isReservedSlug(slug)
  return isUsable ? slug : `org-${randomBytes(5).toString('hex')}`
}

/** The suffixes 2 to 9 come first, then random numbers of more and more digits. */
const LAST_SEQUENTIAL_NUMBER = 9
const MAX_CANDIDATES = 20

/** Slugs for an organization of this name, in the order to try: without a number, then with one. */
export function* slugCandidates(name: string): Generator<string> {
  const slug = slugOf(name)
  yield slug
  for (let attempt = 2; attempt <= MAX_CANDIDATES; attempt += 1) {
    const range = 10 ** Math.min(attempt - LAST_SEQUENTIAL_NUMBER + 1, 12)
    const number = attempt <= LAST_SEQUENTIAL_NUMBER ? attempt : randomInt(range / 10, range)
    const end = `-${number}`
    yield slug.slice(0, SLUG_LENGTH.max - end.length).replace(/-$/, '') + end
  }
}
