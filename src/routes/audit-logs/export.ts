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

/** How soon an export ends when its reader may not go on. */
const WATCH_MS = 1_000

type Reading = {
  batches: AsyncGenerator<StoredEntry[]>
  toPieces: (batches: Batches) => AsyncGenerator<string>
  /** Rejects once the reader may not read on. Asked before each batch is handed out. */
  check: () => Promise<void>
  /** The part of it that needs no query, for a reader who takes long over one batch. Throws Unauthorized. */
  watch: () => Promise<void>
  onClose: () => void
}

/**
 * Nothing is read ahead: a batch is read when the connection has room for it, and no database connection is held meanwhile.
 * The first is read now: a failure then is an answer like any other, and later it can only break the answer off.
 */
export async function openExport({ batches, toPieces, check, watch, onClose }: Reading): Promise<Readable> {
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
    // A database that is away for a moment is met by the next batch.
    if (error instanceof Unauthorized) stream.destroy(error)
  }
  const watching = setInterval(() => void watch().catch(endIfRevoked), WATCH_MS).unref()
  return stream.once('close', () => {
    clearInterval(watching)
    onClose()
  })
}

/** One piece of text a batch, made when the client has taken the one before. */
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
