const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const RFC_3339 = /^(?!0000)\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/i

/**
 * A moment of the years 1 to 9999, in UTC: what JavaScript and PostgreSQL both hold and every client can read.
 * Leap seconds and 30 February are none.
 */
export function isStorableTime(text: string): boolean {
  const year = RFC_3339.test(text) ? new Date(text).getUTCFullYear() : Number.NaN
  return year >= 1 && year <= 9999 && isRealDay(text.slice(0, 10))
}

/** `Date` reads 30 February as 2 March. */
const isRealDay = (day: string): boolean => new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)

export const isUuid = (text: string): boolean => UUID.test(text)

export type Format = {
  isValid: (text: string) => boolean
  /** The one way to write what a valid text means: handlers get no other. */
  normalize?: (text: string) => string
}

/**
 * In place of Ajv's own, which let through what the database refuses: `urn:uuid:…`, leap seconds, the year 0. Capitals in
 * an id mean the same row, so an id is in lower case before any code compares it with another.
 */
export const FORMATS: Record<string, Format> = {
  uuid: { isValid: isUuid, normalize: (text) => text.toLowerCase() },
  'date-time': { isValid: isStorableTime },
}
