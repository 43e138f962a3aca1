import type { ChainHead } from '../../lib/audit/audit-records.js'
import { isUuid } from '../../lib/schema/formats.js'
import { UsageError } from '../command-line/arguments.js'

/**
 * Parses a head in the form in which `audit:verify` prints it.
 *
 * @throws {UsageError} when the text has another form
 */
export function parseAnchor(text: string): ChainHead {
  const [, number, hash] = /^([1-9]\d{0,8}):([0-9a-f]{64})$/i.exec(text) ?? []
  if (number === undefined || hash === undefined) throw new UsageError('--anchor must be <number>:<hash>')
  return { number: Number(number), hash: Buffer.from(hash, 'hex') }
}

/** @throws {UsageError} when the text is missing or is not a UUID */
export function parseUser(text: string | undefined): string {
  if (text === undefined) throw new UsageError('--user is missing: the id of the user')
  if (!isUuid(text)) throw new UsageError('--user must be a UUID')
  return text.toLowerCase()
}
