import { isEmail, normalizeEmail } from './email.js'

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
  /** What follows "must be", where the format's name says nothing to clients. It is then left out of the document. */
  expected?: string
  /** The one way to write what a valid text means: handlers get no other. */
  normalize?: (text: string) => string
}

/** A name ends up in mail headers and log lines. */
const isLine = (text: string): boolean => /\S/.test(text) && !/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(text)

/** Whatever PostgreSQL can store. */
const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

/**
 * In place of Ajv's own, which let through what the database refuses: `urn:uuid:…`, leap seconds, the year 0. Capitals in
 * an id mean the same row, so an id is in lower case before any code compares it with another.
 */
export const FORMATS: Record<string, Format> = {
  uuid: { isValid: isUuid, normalize: (text) => text.toLowerCase() },
  'date-time': { isValid: isStorableTime },
  email: { isValid: isEmail, normalize: normalizeEmail },
  line: { isValid: isLine, expected: 'one line with something visible in it' },
  storable: { isValid: isStorable, expected: 'text without NUL and lone surrogates' },
}

/** Of no meaning to clients: validators that know no such format may refuse the whole document. */
export const isOwnFormat = (name: unknown): boolean => FORMATS[String(name)]?.expected !== undefined
