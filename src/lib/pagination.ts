import type { TSchema } from 'typebox'
import { InvalidCursor } from './errors.js'
import { Nullable, StringEnum, WithDefault } from './schemas.js'
import Type from './type.js'

export const PAGE_LIMIT = { min: 1, max: 100, default: 20 } as const

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
      maxLength: 2048,
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
  Type.Object({ data: Type.Array(item), nextCursor: Nullable(Type.String()) })

/** Where a page ended: the sort order it belongs to, the last row's value in it, and its id to settle ties. */
type Position = { sort: string; value: string; id: string }

export const encodeCursor = ({ sort, value, id }: Position): string =>
  Buffer.from(JSON.stringify([sort, value, id])).toString('base64url')

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Throws InvalidCursor for anything that `encodeCursor` did not make for this sort order. */
export function decodeCursor(cursor: string, sort: string): Position {
  const [ofSort, value, id] = parseCursor(cursor)
  const isOurs = ofSort === sort && typeof value === 'string' && typeof id === 'string' && UUID.test(id)
  // PostgreSQL text cannot hold a NUL.
  if (!isOurs || value.includes('\0')) throw new InvalidCursor()
  return { sort, value, id }
}

function parseCursor(cursor: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(parsed) ? parsed : []
  } catch {
    return []
  }
}
