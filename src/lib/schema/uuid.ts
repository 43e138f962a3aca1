import { randomUUID } from 'node:crypto'

/** UUIDv7 (RFC 9562, 5.7) of a time in milliseconds, as the database makes them. */
export const uuidV7 = (timeMs: number): string => `${prefixOf(timeMs)}-7${randomUUID().slice(15)}`

/** The smallest id of a millisecond. Ids count from 1970: what is earlier would wrap around to the far future. */
export const firstUuidOf = (timeMs: number): string =>
  `${prefixOf(Math.max(timeMs, 0))}-0000-0000-000000000000`

function prefixOf(timeMs: number): string {
  const hex = timeMs.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}`
}

const ALL_UUIDS = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi

/** Of a key of several ids, too; what else is in the text stays. */
export const lowerCaseIds = (text: string): string => text.replace(ALL_UUIDS, (id) => id.toLowerCase())
