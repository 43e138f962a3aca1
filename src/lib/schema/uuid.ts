import { randomUUID } from 'node:crypto'

/**
 * A UUIDv7 (RFC 9562, 5.7) of a time in milliseconds since 1970, in the same form as the database makes
 * them.
 */
export const uuidV7 = (timeMs: number): string => `${prefixOf(timeMs)}-7${randomUUID().slice(15)}`

/**
 * The smallest id of a millisecond. Times before 1970 count as 1970: they would wrap around to the far
 * future.
 */
export const firstUuidOf = (timeMs: number): string =>
  `${prefixOf(Math.max(timeMs, 0))}-0000-0000-000000000000`

function prefixOf(timeMs: number): string {
  const hex = timeMs.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}`
}

/** Of any version. */
export const UUID_PATTERN = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'

const ALL_UUIDS = new RegExp(UUID_PATTERN, 'gi')

/** Converts every UUID in the text to lower case and leaves the rest. A key may hold several ids. */
export const lowerCaseIds = (text: string): string => text.replace(ALL_UUIDS, (id) => id.toLowerCase())
