import { hash } from 'node:crypto'

/** A new password is not worth a longer wait. */
const TIMEOUT_MS = 1_000
/** A padded range has some 40 KB. */
const MAX_BYTES = 1_000_000
const PREFIX_LENGTH = 5

/** `failed`: the service did not say, or not in time. */
export type BreachOutcome = 'found' | 'not_found' | 'failed'

/** Asks for one password. Never rejects, and takes one second at most. */
export type FindBreach = (password: string) => Promise<BreachOutcome>

/**
 * Whether a password is known from breaches of other services, by the range API of Have I Been Pwned (k-anonymity): only the
 * first five digits of its SHA-1 leave the server. `url` is what the prefix is appended to, after a slash.
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
  // With padding all answers have about the same length: that, too, would tell something of the password.
  const response = await fetch(url, {
    headers: { 'add-padding': 'true', 'user-agent': 'groundwork' },
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
  const line = range.split(/\r?\n/).find((each) => each.slice(0, suffix.length).toUpperCase() === suffix)
  return line !== undefined && Number(line.slice(suffix.length + 1)) > 0
}
