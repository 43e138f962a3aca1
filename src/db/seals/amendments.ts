import type { TransactionSql } from 'postgres'
import type { AuditPublicKeys } from '../../lib/audit/audit-keys.js'
import { type AuditRecord, leafAt, rowKeyAt } from '../../lib/audit/audit-records.js'
import { firstUuidOf } from '../../lib/schema/uuid.js'
import { readRecords } from './chain.js'
import { isOfEarlierForm } from './leaves.js'
import { findRecordProblems } from './verify-chain.js'

/** The hash that a row must have. `isOfEarlierForm`: without the columns that later migrations added. */
type Expected = { leaf: Buffer; isOfEarlierForm: boolean }

/** Signed changes to sealed rows: rows that were erased in part, and months that were dropped. */
export class Amendments {
  private readonly erased = new Map<string, Expected>()
  private readonly dropped: { number: number; from: string; below: string }[] = []

  /** Reads all erasures and drops. Ignores records with an invalid signature. */
  static async read(tx: TransactionSql, keys: AuditPublicKeys): Promise<Amendments> {
    const amendments = new Amendments()
    for await (const record of readRecords(tx, { amendments: true })) {
      if (findRecordProblems(record, keys).length === 0) amendments.add(record)
    }
    return amendments
  }

  /** The hash that a row of the record must have now: that of its erasure, or else that of its seal. */
  expectedOf(record: AuditRecord): (index: number) => Expected {
    const isEarlier = isOfEarlierForm(record)
    return (index) =>
      this.erased.get(rowKeyAt(record, index)) ?? { leaf: leafAt(record, index), isOfEarlierForm: isEarlier }
  }

  /** True if the row's month was dropped after the record. */
  isDropped(record: AuditRecord, index: number): boolean {
    const key = rowKeyAt(record, index)
    return this.dropped.some((drop) => drop.number > record.number && drop.from <= key && key < drop.below)
  }

  private add(record: AuditRecord): void {
    const isEarlier = isOfEarlierForm(record)
    // Copies the leaf, because a slice would keep the buffer of the whole record in memory.
    record.ids.forEach((_, i) => {
      const leaf = Buffer.from(leafAt(record, i))
      this.erased.set(rowKeyAt(record, i), { leaf, isOfEarlierForm: isEarlier })
    })
    if (record.kind !== 'drop') return
    const { number } = record
    const { partition } = JSON.parse(record.details) as { partition: string }
    const [, table, year, month] = /^(audit_\w+)_(\d{4})(\d\d)$/.exec(partition) ?? []
    const bounds = [0, 1].map(
      (offset) => `${table} ${firstUuidOf(Date.UTC(Number(year), Number(month) - 1 + offset))}`,
    )
    this.dropped.push({ number, from: bounds[0] ?? '', below: bounds[1] ?? '' })
  }
}
