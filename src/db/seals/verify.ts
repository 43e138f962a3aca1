import type { Sql, TransactionSql } from 'postgres'
import type { AuditPublicKeys } from '../../lib/audit/audit-keys.js'
import {
  type AuditRecord,
  type ChainHead,
  type Leaves,
  leafAt,
  rowKeyAt,
} from '../../lib/audit/audit-records.js'
import { Amendments } from './amendments.js'
import { countSealed, readRecords } from './chain.js'
import { prepareHashing, readEarlierLeavesOfRows, readLeaves, readUnsealed } from './leaves.js'
import { ChainWalk, findRecordProblems } from './verify-chain.js'

export type VerifyOptions = {
  keys: AuditPublicKeys
  /** A head that was kept outside the database. The chain must contain it. Default: not checked. */
  anchor?: ChainHead | undefined
  /** Called with one line for each difference from the seals. */
  onFinding: (line: string) => void
  /** Called after each seal with numbers of rows. */
  onProgress?: (done: number, total: number) => void
}

export type Verification = {
  /** The number of rows that match their seal. */
  entries: number
  /** The number of records in the chain, including erasures and drops. */
  seals: number
  /** The number of rows that no seal covers yet. */
  unsealed: number
  head: ChainHead
  findings: number
}

/**
 * Compares every sealed row with its seal, one seal after the other. Reads a single snapshot, so rows
 * that are sealed, erased or dropped meanwhile do not matter.
 */
export const verifyAuditLog = (sql: Sql, options: VerifyOptions): Promise<Verification> =>
  sql.begin('isolation level repeatable read read only', async (tx) => {
    await prepareHashing(tx)
    const { keys, anchor, onFinding, onProgress } = options
    const total = onProgress ? await countSealed(tx) : 0
    const amendments = await Amendments.read(tx, keys)
    const walk = new ChainWalk(anchor)
    const result = { entries: 0, seals: 0, unsealed: 0, findings: 0 }
    const report = (lines: string[]) => {
      result.findings += lines.length
      for (const line of lines) onFinding(line)
    }
    let done = 0
    for await (const record of readRecords(tx)) {
      result.seals += 1
      report(walk.step(record))
      const problems = findRecordProblems(record, keys)
      report(problems.map((problem) => `seal ${record.number}: ${problem}`))
      if (record.kind !== 'entries') continue
      if (problems.length === 0) {
        const compared = await compareRows(tx, record, amendments)
        report(compared.findings)
        result.entries += compared.same
      }
      done += record.ids.length
      onProgress?.(done, total)
    }
    report(walk.end())
    for (const { table, count, impossible } of await readUnsealed(tx, walk.to)) {
      report(impossible.map((id) => `inserted ${table} ${id}`))
      result.unsealed += count - impossible.length
    }
    return { ...result, head: walk.head }
  })

async function compareRows(tx: TransactionSql, record: AuditRecord, amendments: Amendments) {
  const present = leavesByKey(await readLeaves(tx, record.from, record.to))
  const expectedOf = amendments.expectedOf(record)
  const findings: string[] = []
  const earlier: number[] = []
  let same = 0
  record.ids.forEach((_, i) => {
    const key = rowKeyAt(record, i)
    const leaf = present.get(key)
    present.delete(key)
    const expected = expectedOf(i)
    if (leaf?.equals(expected.leaf)) same += 1
    else if (leaf && expected.isOfEarlierForm) earlier.push(i)
    else if (leaf) findings.push(`modified ${key}`)
    else if (!amendments.isDropped(record, i)) findings.push(`removed ${key}`)
  })
  findings.push(...[...present.keys()].map((key) => `inserted ${key}`))
  if (earlier.length === 0) return { findings, same }
  const ids = earlier.map((i) => record.ids[i] as string)
  const leaves = leavesByKey(await readEarlierLeavesOfRows(tx, ids))
  for (const i of earlier) {
    const key = rowKeyAt(record, i)
    if (leaves.get(key)?.equals(expectedOf(i).leaf)) same += 1
    else findings.push(`modified ${key}`)
  }
  return { findings, same }
}

const leavesByKey = (leaves: Leaves): Map<string, Buffer> =>
  new Map(leaves.ids.map((_, i) => [rowKeyAt(leaves, i), leafAt(leaves, i)]))
