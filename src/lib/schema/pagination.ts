import type { TSchema } from 'typebox'
import { InvalidCursor } from '../errors/errors.js'
import { isUuid } from './formats.js'
import { Nullable, StringEnum, WithDefault } from './schemas.js'
import Type from './type.js'

/** Characters. Some proxies limit URLs to 4 KiB; a URL with a cursor of this length fits. */
export const CURSOR_MAX_LENGTH = 2048

const PAGE_LIMIT = { min: 1, max: 100, default: 20 } as const

/**
 * The query parameters of every list. Each of `sortFields` allows two sort orders, such as `email` and
 * `-email`; the schema refuses all others.
 */
export const pageQuery = <const F extends readonly string[]>(
  sortFields: F,
  defaultSort: SortOf<F[number]>,
) => ({
  limit: WithDefault(
    Type.Integer({ minimum: PAGE_LIMIT.min, maximum: PAGE_LIMIT.max, default: PAGE_LIMIT.default }),
  ),
  cursor: Type.Optional(
    Type.String({
      maxLength: CURSOR_MAX_LENGTH,
      pattern: '^[A-Za-z0-9_-]+$',
      expected: 'the nextCursor of a page',
      description: 'The `nextCursor` of the previous page.',
    }),
  ),
  sort: WithDefault(
    StringEnum(sortFields.flatMap((field) => [field, `-${field}`]) as SortOf<F[number]>[], {
      default: defaultSort,
      description: 'A leading `-` sorts in descending order.',
    }),
  ),
})

export type SortOf<F extends string> = F | `-${F}`

/** The validated query of a list. */
export type PageQuery<S extends string = string> = { limit: number; cursor?: string; sort: S }

export type Page<T> = { data: T[]; nextCursor: string | null }

/** The response of a list. `nextCursor` is null on the last page. */
export const pageOf = <T extends TSchema>(item: T) =>
  Type.Object({
    data: Type.Array(item),
    nextCursor: Nullable(Type.String({ maxLength: CURSOR_MAX_LENGTH })),
  })

/**
 * Where a page ended: its sort order, and the sort value and the id (which breaks ties) of its last row.
 * `isCut`: the text is too long for a cursor, and `value` is only its beginning.
 */
type Position = { sort: string; value: string; id: string; isCut: boolean }

/** Characters. Encoded as JSON and base64, so many of any kind stay below `CURSOR_MAX_LENGTH`. */
const CUT_LENGTH = 200

/** Returns the cursor of the page after this position. Long values are cut. */
export function encodeCursor({ sort, value, id }: Omit<Position, 'isCut'>): string {
  const cursor = encode([sort, value, id])
  return cursor.length <= CURSOR_MAX_LENGTH ? cursor : encode([sort, beginningOf(value), id, true])
}

const encode = (parts: unknown[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url')

/** Does not end in half of a surrogate pair. */
const beginningOf = (text: string): string => text.slice(0, CUT_LENGTH).replace(/[\ud800-\udbff]$/, '')

/** @throws {InvalidCursor} when `encodeCursor` did not make the cursor for this sort order */
export function decodeCursor(cursor: string, sort: string): Position {
  const [cursorSort, value, id, isCut = false] = parseCursor(cursor)
  const isValid = cursorSort === sort && typeof value === 'string' && typeof id === 'string' && isUuid(id)
  // PostgreSQL text cannot hold a NUL.
  if (!isValid || typeof isCut !== 'boolean' || value.includes('\0')) throw new InvalidCursor()
  return { sort, value, id, isCut }
}

function parseCursor(cursor: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(parsed) ? parsed : []
  } catch {
    return []
  }
}
