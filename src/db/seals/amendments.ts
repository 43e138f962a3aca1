import type { TransactionSql } from 'postgres'
import type { AuditPublicKeys } from '../../lib/audit/audit-keys.js'
import { type AuditRecord, leafAt, rowKeyAt } from '../../lib/audit/audit-records.js'
import { firstUuidOf } from '../../lib/schema/uuid.js'
import { readRecords } from './chain.js'
import { isOfEarlierForm } from './leaves.js'
import { findRecordProblems } from './verify-chain.js'

/** What a row must hash to, and whether without the columns that later migrations added. */
type Expected = { leaf: Buffer; isOfEarlierForm: boolean }

/** What later records changed of what seals say: rows that were erased in part since, and months that were dropped. */
export class Amendments {
  private readonly erased = new Map<string, Expected>()
  private readonly dropped: { number: number; from: string; below: string }[] = []

  static async read(tx: TransactionSql, keys: AuditPublicKeys): Promise<Amendments> {
    const amendments = new Amendments()
    for await (const record of readRecords(tx, { amendments: true })) {
      if (findRecordProblems(record, keys).length === 0) amendments.add(record)
    }
    return amendments
  }

  /** What a row must hash to by now: nothing but an erasure may have changed it, be it before or after it was sealed. */
  expectedOf(record: AuditRecord): (index: number) => Expected {
    const isEarlier = isOfEarlierForm(record)
    return (index) =>
      this.erased.get(rowKeyAt(record, index)) ?? { leaf: leafAt(record, index), isOfEarlierForm: isEarlier }
  }

  isDropped(record: AuditRecord, index: number): boolean {
    const key = rowKeyAt(record, index)
    return this.dropped.some((it) => it.number > record.number && it.from <= key && key < it.below)
  }

  private add(record: AuditRecord): void {
    const isEarlier = isOfEarlierForm(record)
    // A copy: the whole record's bytes would stay with a part of them.
    record.ids.forEach((_, i) => {
      const leaf = Buffer.from(leafAt(record, i))
      this.erased.set(rowKeyAt(record, i), { leaf, isOfEarlierForm: isEarlier })
    })
    if (record.kind !== 'drop') return
    const { number } = record
    const { partition } = JSON.parse(record.details) as { partition: string }
    const [, table, year, month] = /^(audit_\w+)_(\d{4})(\d\d)$/.exec(partition) ?? []
    const bounds = [0, 1].map(
      (later) => `${table} ${firstUuidOf(Date.UTC(Number(year), Number(month) - 1 + later))}`,
    )
    this.dropped.push({ number, from: bounds[0] ?? '', below: bounds[1] ?? '' })
  }
}
