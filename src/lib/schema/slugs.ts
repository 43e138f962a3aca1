import { randomBytes, randomInt } from 'node:crypto'

export const SLUG_LENGTH = { min: 3, max: 50 } as const

/** Upper case is folded when it comes in. */
export const SLUG_PATTERN = '^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$'

/** What a path or a host name of the product may want to be some day, and what would pass for one of its own. */
const RESERVED = new Set(
  (
    'about account accounts admin administrator api api-docs app assets auth billing blog contact dashboard dev docs email ' +
    'false features ftp groundwork guest healthz help home imap info invitations login logout mail me metrics new ' +
    'no-reply noreply null official organization organizations owner pop postmaster pricing privacy public readyz register ' +
    'root search security settings signin signup smtp staff static status super-admin support system team teams terms test ' +
    'true undefined user users webmaster well-known www'
  ).split(' '),
)

export const isReservedSlug = (slug: string): boolean => RESERVED.has(slug)

export const foldSlug = (slug: string): string => slug.toLowerCase()

/** Of a name that leaves too little of itself, or a word that is reserved, a random one. */
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

/** How many of the first numbers are tried in turn, before random ones of more and more digits. */
const NUMBERS_IN_TURN = 9
const TRIES = 20

/** Those that an organization of this name may get, in the order to try: without a number, then with one. */
export function* slugsOf(name: string): Generator<string> {
  const slug = slugOf(name)
  yield slug
  for (let attempt = 2; attempt <= TRIES; attempt += 1) {
    const range = 10 ** Math.min(attempt - NUMBERS_IN_TURN + 1, 12)
    const number = attempt <= NUMBERS_IN_TURN ? attempt : randomInt(range / 10, range)
    const end = `-${number}`
    yield slug.slice(0, SLUG_LENGTH.max - end.length).replace(/-$/, '') + end
  }
}
