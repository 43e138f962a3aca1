import { Readable } from 'node:stream'
import type { AuditEntry as StoredEntry } from '../../db/audit/log.js'
import { toCsv } from '../../lib/audit/csv.js'
import { Unauthorized } from '../../lib/errors/errors.js'
import { AuditEntry } from './schemas.js'

type ToJson = (entry: StoredEntry) => string
type Batches = AsyncIterable<StoredEntry[]>

export const EXPORT_TYPES = {
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson',
} as const

const COLUMNS = Object.keys(AuditEntry.properties) as (keyof StoredEntry)[]
const JSON_COLUMNS = new Set<keyof StoredEntry>(['stateBefore', 'stateAfter', 'headers', 'body', 'args'])

/** An export ends so soon after its caller's session was revoked. */
const WATCH_MS = 1_000

type ExportSource = {
  batches: AsyncGenerator<StoredEntry[]>
  toPieces: (batches: Batches) => AsyncGenerator<string>
  /** Rejects when the caller may no longer read the log. Runs before each batch but the first. */
  check: () => Promise<void>
  /**
   * The part of `check` that needs no query. Runs every second, for
   * clients that read one batch for a long time.
   *
   * @throws {Unauthorized} when the caller's session was revoked
   */
  watch: () => Promise<void>
  onClose: () => void
}

/**
 * Streams the batches. Each is read when the connection has room for it, and no database connection is held
 * in between. The first batch is read before the stream is returned, so that a failure is still a normal
 * error response; a later failure can only break the response off.
 */
export async function openExport({
  batches,
  toPieces,
  check,
  watch,
  onClose,
}: ExportSource): Promise<Readable> {
  const first = await batches.next().catch((error) => {
    onClose()
    throw error
  })
  async function* checked() {
    if (!first.done) yield first.value
    for await (const batch of batches) {
      await check()
      yield batch
    }
  }
  const stream = Readable.from(toPieces(checked()), { objectMode: false, highWaterMark: 0 })
  const endIfRevoked = (error: Error) => {
    // Other errors, such as an unavailable database, are left to the check of the next batch.
    if (error instanceof Unauthorized) stream.destroy(error)
  }
  const watching = setInterval(() => void watch().catch(endIfRevoked), WATCH_MS).unref()
  return stream.once('close', () => {
    clearInterval(watching)
    onClose()
  })
}

/** Makes one piece of text per batch, after the client has read the piece before. */
export async function* toCsvPieces(batches: Batches): AsyncGenerator<string> {
  yield toCsv([COLUMNS])
  for await (const batch of batches) {
    if (batch.length > 0) yield toCsv(batch.map(toRow))
  }
}

export const toNdjsonPieces = (toJson: ToJson) =>
  async function* (batches: Batches): AsyncGenerator<string> {
    for await (const batch of batches) {
      if (batch.length > 0) yield batch.map((entry) => `${toJson(entry)}\n`).join('')
    }
  }

const toRow = (entry: StoredEntry) => COLUMNS.map((column) => toCell(column, entry[column]))

function toCell(column: keyof StoredEntry, value: unknown): string | null {
  if (value === null) return null
  if (JSON_COLUMNS.has(column)) return JSON.stringify(value)
  return value instanceof Date ? value.toISOString() : String(value)
}
