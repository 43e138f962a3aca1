import { hash } from 'node:crypto'
import { PRODUCT } from '../product.js'

/** Users should not wait longer for a new password. */
const TIMEOUT_MS = 1_000
/** A padded range has about 40 KB. */
const MAX_BYTES = 1_000_000
const PREFIX_LENGTH = 5

/** `failed`: the service reported an error or did not respond in time. */
export type BreachOutcome = 'found' | 'not_found' | 'failed'

/** Looks up one password. Never rejects, and takes at most the timeout. */
export type FindBreach = (password: string) => Promise<BreachOutcome>

/**
 * Finds passwords from breaches of other services with the range API of Have I Been Pwned (k-anonymity):
 * only the first five hex digits of the SHA-1 leave the server. They are appended to `url`, after a slash.
 * `timeoutMs` defaults to 1,000.
 */
export const createBreachCheck =
  (url: string, { timeoutMs = TIMEOUT_MS } = {}): FindBreach =>
  async (password) => {
    const digest = hash('sha1', password.normalize('NFC'), 'hex').toUpperCase()
    try {
      const range = await readRange(`${url.replace(/\/+$/, '')}/${digest.slice(0, PREFIX_LENGTH)}`, timeoutMs)
      return isListed(range, digest.slice(PREFIX_LENGTH)) ? 'found' : 'not_found'
    } catch {
      return 'failed'
    }
  }

async function readRange(url: string, timeoutMs: number): Promise<string> {
  // Padding makes all responses about equally long: the length would say something about the password.
  const response = await fetch(url, {
    headers: { 'add-padding': 'true', 'user-agent': PRODUCT.name },
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  })
  if (!response.ok || !response.body) {
    await response.body?.cancel()
    throw new Error(`The range API answered ${response.status}`)
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body) {
    size += chunk.byteLength
    if (size > MAX_BYTES) throw new Error('The range is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('latin1')
}

/** Lines of `suffix:count`; padding has the count 0. */
function isListed(range: string, suffix: string): boolean {
  const match = range.split(/\r?\n/).find((line) => line.slice(0, suffix.length).toUpperCase() === suffix)
  return match !== undefined && Number(match.slice(suffix.length + 1)) > 0
}
