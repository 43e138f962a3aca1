import type { TransactionSql } from 'postgres'
import type { AuditSigningKey } from '../../lib/audit/audit-keys.js'
import { formatHead, headOf, signRecord } from '../../lib/audit/audit-records.js'
import { OperatorError } from '../../lib/errors/operator-error.js'
import type { Transactions } from '../driver/client.js'
import { AFTER_THE_LOCK, readChainEnd, toSqlRow, tryLockChain } from './chain.js'
import { LEAF_FORM, measureTransactions, prepareHashing, readLeaves } from './leaves.js'

export type Sealed = {
  seals: number
  entries: number
  /** `number:hash` of the last seal made: kept elsewhere, it proves later that the chain was not cut before it. */
  head?: string
}

const MAX_ENTRIES = 20_000

/**
 * Seals every entry and every request whose transaction is over, in as many seals as it takes. Of several at once one
 * works, and the others answer that there was nothing to do.
 * @throws {OperatorError} when the database has been moved to another PostgreSQL, whose transactions count from anew
 */
export async function sealAuditLog(
  sql: Transactions,
  key: AuditSigningKey,
  maxEntries = MAX_ENTRIES,
): Promise<Sealed> {
  const sealed: Sealed = { seals: 0, entries: 0 }
  for (;;) {
    const seal = await sql.begin(AFTER_THE_LOCK, (tx) => sealOnce(tx, key, maxEntries))
    if (!seal) return sealed
    sealed.seals += 1
    sealed.entries += seal.entries
    sealed.head = seal.head
  }
}

async function sealOnce(tx: TransactionSql, key: AuditSigningKey, maxEntries: number) {
  if (!(await tryLockChain(tx))) return undefined
  await prepareHashing(tx)
  const end = await readChainEnd(tx)
  const to = await findEnd(tx, end.to, maxEntries)
  if (to === undefined) return undefined
  const leaves = await readLeaves(tx, end.to, to)
  const details = JSON.stringify(LEAF_FORM)
  const record = signRecord({ kind: 'entries', from: end.to, to, details, ...leaves }, end, key)
  await tx`select audit.append_seal(${toSqlRow(tx, record)})`
  return { entries: record.ids.length, head: formatHead(headOf(record)) }
}

/**
 * The transaction to seal up to: none below it runs any more, so none can add a row. Two rows of one transaction are
 * never in two seals, so that a large transaction makes a large seal.
 */
async function findEnd(tx: TransactionSql, from: bigint, maxEntries: number): Promise<bigint | undefined> {
  const [row] = await tx<{ oldest: string }[]>`select pg_snapshot_xmin(pg_current_snapshot())::text as oldest`
  const oldest = BigInt(row?.oldest ?? 0)
  if (oldest < from) throw new OperatorError(explainRestart(from, oldest))
  const { first, at } = await measureTransactions(tx, from, oldest, maxEntries)
  if (first === undefined) return undefined
  if (at === undefined) return oldest
  return at === first ? first + 1n : at
}

const explainRestart = (sealed: bigint, current: bigint): string =>
  `The audit log is sealed up to transaction ${sealed}, and this PostgreSQL is only at ${current}: the database was ` +
  'restored into another cluster. docs/audit.md says what to do: "Restoring a backup".'
