import { isEmail, normalizeEmail } from './email.js'
import { UUID_PATTERN } from './uuid.js'

const UUID = new RegExp(`^${UUID_PATTERN}$`, 'i')
const RFC_3339 = /^(?!0000)\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/i

/**
 * Accepts times of the years 100 to 9999 (in UTC): JavaScript and PostgreSQL both store them, and every
 * client can parse them. Rejects leap seconds and days that do not exist, such as 30 February.
 */
export function isStorableTime(text: string): boolean {
  const year = RFC_3339.test(text) ? new Date(text).getUTCFullYear() : Number.NaN
  return year >= 100 && year <= 9999 && isRealDay(text.slice(0, 10))
}

/** Accepts days of the years 1 to 9999. */
export const isStorableDate = (text: string): boolean =>
  /^(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/.test(text) && isRealDay(text)

/** `Date` parses 30 February as 2 March. */
const isRealDay = (day: string): boolean => new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)

export const isUuid = (text: string): boolean => UUID.test(text)

export type Format = {
  isValid: (text: string) => boolean
  /** The rest of the message "must be …". Clients never see the name of a format. */
  expected: string
  /** The name means nothing to clients, so it is left out of the OpenAPI document. */
  isCustom?: true
  /** Converts a valid text to its canonical form, the only one that handlers see. */
  normalize?: (text: string) => unknown
}

/** For names, which appear in mail headers and log lines. */
const isLine = (text: string): boolean => /\S/.test(text) && !/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(text)

/** PostgreSQL stores neither NUL nor lone surrogates. */
const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

/**
 * Replaces Ajv's formats, which accept values that the database refuses: `urn:uuid:…`, leap seconds, the
 * year 0. Ids are normalized to lower case, so that code can compare them as strings.
 */
export const FORMATS: Record<string, Format> = {
  uuid: { isValid: isUuid, expected: 'a UUID', normalize: (text) => text.toLowerCase() },
  'date-time': {
    isValid: isStorableTime,
    expected: 'a time such as 2026-01-31T09:30:00Z',
    normalize: (text) => new Date(text),
  },
  date: { isValid: isStorableDate, expected: 'a date such as 2026-01-31' },
  email: { isValid: isEmail, expected: 'an e-mail address', normalize: normalizeEmail },
  line: { isValid: isLine, expected: 'one line with a visible character', isCustom: true },
  storable: { isValid: isStorable, expected: 'text without NUL and lone surrogates', isCustom: true },
}

/** Custom formats mean nothing to clients, and some validators refuse a document with unknown formats. */
export const isCustomFormat = (name: unknown): boolean => FORMATS[String(name)]?.isCustom === true
