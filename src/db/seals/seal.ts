import type { TransactionSql } from 'postgres'
import type { AuditSigningKey } from '../../lib/audit/audit-keys.js'
import { formatHead, headOf, signRecord } from '../../lib/audit/audit-records.js'
import { OperatorError } from '../../lib/errors/operator-error.js'
import { moveNewEntries } from '../audit/new-entries.js'
import type { Transactions } from '../driver/client.js'
import { CHAIN_LOCK_ISOLATION, readChainEnd, toSqlRow, tryLockChain } from './chain.js'
import { LEAF_FORM, measureTransactions, prepareHashing, readLeaves } from './leaves.js'

export type Sealed = {
  /** The number of new seals. */
  seals: number
  /** The number of rows that they cover. */
  entries: number
  /**
   * `number:hash` of the last new seal; undefined if there is none. A copy outside the database proves
   * later that the chain was not cut before it.
   */
  head?: string
}

/** In one seal, unless a single transaction has more. */
const MAX_ENTRIES = 20_000

/**
 * Seals all entries and request records of finished transactions, in seals of about `maxEntries`
 * rows. If several processes call it at once, one works and the others return 0 seals.
 * @throws {OperatorError} when the database was moved to another PostgreSQL cluster, which numbers
 *   its transactions anew
 */
export async function sealAuditLog(
  sql: Transactions,
  key: AuditSigningKey,
  maxEntries = MAX_ENTRIES,
): Promise<Sealed> {
  const sealed: Sealed = { seals: 0, entries: 0 }
  // In this order: the entries of all transactions below the limit are in the log when it is sealed.
  const limit = await sql.begin(CHAIN_LOCK_ISOLATION, readOldestTransaction)
  await moveNewEntries(sql)
  for (;;) {
    const seal = await sql.begin(CHAIN_LOCK_ISOLATION, (tx) => sealOnce(tx, key, { limit, maxEntries }))
    if (!seal) return sealed
    sealed.seals += 1
    sealed.entries += seal.entries
    sealed.head = seal.head
  }
}

type Range = {
  /** Only transactions below it are sealed. */
  limit: bigint
  maxEntries: number
}

async function sealOnce(tx: TransactionSql, key: AuditSigningKey, range: Range) {
  if (!(await tryLockChain(tx))) return undefined
  await prepareHashing(tx)
  const end = await readChainEnd(tx)
  const to = await findEnd(tx, end.to, range)
  if (to === undefined) return undefined
  const leaves = await readLeaves(tx, end.to, to)
  const details = JSON.stringify(SEAL_FORM)
  const record = signRecord({ kind: 'entries', from: end.to, to, details, ...leaves }, end, key)
  await tx`select audit.append_seal(${toSqlRow(tx, record)})`
  return { entries: record.ids.length, head: formatHead(headOf(record)) }
}

/** `append_seal` refuses seals without `movedFirst`: an older release does not move entries before it seals. */
const SEAL_FORM = { ...LEAF_FORM, movedFirst: true }

/** All transactions below it have ended. */
async function readOldestTransaction(tx: TransactionSql): Promise<bigint> {
  const [row] = await tx<{ oldest: string }[]>`select pg_snapshot_xmin(pg_current_snapshot())::text as oldest`
  return BigInt(row?.oldest ?? 0)
}

/**
 * The transaction to seal up to. All below it have ended, so none can add a row. Rows of one
 * transaction are never split between seals, so a large transaction makes a large seal. Undefined if
 * there is nothing to seal.
 */
async function findEnd(
  tx: TransactionSql,
  from: bigint,
  { limit, maxEntries }: Range,
): Promise<bigint | undefined> {
  const oldest = await readOldestTransaction(tx)
  if (oldest < from) throw new OperatorError(explainRestart(from, oldest))
  const { first, at } = await measureTransactions(tx, from, limit, maxEntries)
  if (first === undefined) return undefined
  if (at === undefined) return limit
  return at === first ? first + 1n : at
}

const explainRestart = (sealed: bigint, current: bigint): string =>
  `The audit log is sealed up to transaction ${sealed}, but this PostgreSQL is only at ${current}: the database was ` +
  'restored into another cluster. See "Restoring a backup" in docs/audit.md.'
