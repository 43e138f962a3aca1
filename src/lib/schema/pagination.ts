import type { TSchema } from 'typebox'
import { InvalidCursor } from '../errors/errors.js'
import { isUuid } from './formats.js'
import { Nullable, StringEnum, WithDefault } from './schemas.js'
import Type from './type.js'

/** A URL with it fits where proxies allow 4 KiB. */
export const CURSOR_MAX_LENGTH = 2048

const PAGE_LIMIT = { min: 1, max: 100, default: 20 } as const

/** What every list takes. `sortFields` become `email`, `-email` and so on; anything else is refused by the schema. */
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
      description: '`nextCursor` of the page before.',
    }),
  ),
  sort: WithDefault(
    StringEnum(sortFields.flatMap((field) => [field, `-${field}`]) as SortOf<F[number]>[], {
      default: defaultSort,
      description: 'A leading `-` sorts downwards.',
    }),
  ),
})

export type SortOf<F extends string> = F | `-${F}`

export type PageQuery<S extends string = string> = { limit: number; cursor?: string; sort: S }

export type Page<T> = { data: T[]; nextCursor: string | null }

export const pageOf = <T extends TSchema>(item: T) =>
  Type.Object({
    data: Type.Array(item),
    nextCursor: Nullable(Type.String({ maxLength: CURSOR_MAX_LENGTH })),
  })

/**
 * Where a page ended: the sort order it belongs to, the last row's value in it, and its id to settle ties. Of a text that
 * is too long for a cursor `value` is the beginning.
 */
type Position = { sort: string; value: string; id: string; isCut: boolean }

/** In characters; as JSON and base64 they are below `CURSOR_MAX_LENGTH` whatever they are. */
const KEPT_OF_LONG_TEXT = 200

export function encodeCursor({ sort, value, id }: Omit<Position, 'isCut'>): string {
  const cursor = encode([sort, value, id])
  return cursor.length <= CURSOR_MAX_LENGTH ? cursor : encode([sort, beginningOf(value), id, true])
}

const encode = (parts: unknown[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url')

/** Without half of a character at its end. */
const beginningOf = (text: string): string => text.slice(0, KEPT_OF_LONG_TEXT).replace(/[\ud800-\udbff]$/, '')

/** Throws InvalidCursor for anything that `encodeCursor` did not make for this sort order. */
export function decodeCursor(cursor: string, sort: string): Position {
  const [ofSort, value, id, isCut = false] = parseCursor(cursor)
  const isOurs = ofSort === sort && typeof value === 'string' && typeof id === 'string' && isUuid(id)
  // PostgreSQL text cannot hold a NUL.
  if (!isOurs || typeof isCut !== 'boolean' || value.includes('\0')) throw new InvalidCursor()
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
