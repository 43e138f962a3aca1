import type { AuditEntry as StoredEntry } from '../../db/audit/log.js'
import { toCsv } from '../../lib/csv.js'
import { AuditEntry } from './schemas.js'

type ToJson = (entry: StoredEntry) => string
type Batches = AsyncIterable<StoredEntry[]>

export const EXPORT_TYPES = {
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson',
} as const

const COLUMNS = Object.keys(AuditEntry.properties) as (keyof StoredEntry)[]
const JSON_COLUMNS = new Set<keyof StoredEntry>(['stateBefore', 'stateAfter', 'headers', 'body', 'args'])

/** Reads the first batch now: a failure then is an answer like any other, and later it can only break the answer off. */
export async function startReading(batches: AsyncGenerator<StoredEntry[]>): Promise<Batches> {
  const first = await batches.next()
  return (async function* () {
    if (!first.done) yield first.value
    yield* batches
  })()
}

/** One piece of text a batch, made when the client has taken the one before. */
export async function* toCsvPieces(batches: Batches): AsyncGenerator<string> {
  yield toCsv([COLUMNS])
  for await (const batch of batches) {
    if (batch.length > 0) yield toCsv(batch.map(toRow))
  }
}

export async function* toNdjsonPieces(batches: Batches, toJson: ToJson): AsyncGenerator<string> {
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
