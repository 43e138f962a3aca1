import type { TransactionSql } from 'postgres'
import type { AuditSigningKey } from '../../lib/audit/audit-keys.js'
import { signRecord } from '../../lib/audit/audit-records.js'
import { moveNewEntries } from '../audit/new-entries.js'
import type { Transactions } from '../driver/client.js'
import { postgresErrorOf } from '../driver/errors.js'
import { CHAIN_LOCK_ISOLATION, readChainEnd, toSqlRow, tryLockChain } from './chain.js'

export type KeptPartitions = {
  /** The number of created partitions. */
  made: number
  /** The names of the dropped partitions. */
  dropped: string[]
}

/**
 * Creates the partitions of the next months, and drops those older than AUDIT_RETENTION_MONTHS, each
 * with a signed record. Without a key none is dropped. A month with unsealed rows, or one in use,
 * stays until the next run.
 */
export async function keepAuditPartitions(
  sql: Transactions,
  key: AuditSigningKey | undefined,
): Promise<KeptPartitions> {
  await moveNewEntries(sql)
  const { made, expired } = await sql.begin(CHAIN_LOCK_ISOLATION, makePartitions)
  const dropped: string[] = []
  if (key) {
    for (const name of expired) {
      if (await dropPartition(sql, key, name).catch(falseIfBusy)) dropped.push(name)
    }
  }
  return { made, dropped }
}

async function makePartitions(tx: TransactionSql) {
  const [row] = await tx<{ made: number }[]>`select audit.ensure_partitions() as made`
  const expired = await tx<{ name: string }[]>`select audit.expired_partitions() as name`
  return { made: row?.made ?? 0, expired: expired.map(({ name }) => name) }
}

const dropPartition = (sql: Transactions, key: AuditSigningKey, name: string): Promise<boolean> =>
  sql.begin(CHAIN_LOCK_ISOLATION, async (tx) => {
    if (!(await tryLockChain(tx))) return false
    // Counting the rows of a large month is slow.
    await tx`select set_config('statement_timeout', '0', true)`
    const end = await readChainEnd(tx)
    const details = JSON.stringify({ partition: name, rows: await countRows(tx, name) })
    const content = { kind: 'drop', from: end.to, to: end.to, ...NO_LEAVES, details } as const
    await tx`select audit.drop_partition(${name}, ${toSqlRow(tx, signRecord(content, end, key))})`
    return true
  })

const NO_LEAVES = { ids: [], logCount: 0, leaves: Buffer.alloc(0) }

async function countRows(tx: TransactionSql, partition: string): Promise<number> {
  const [row] = await tx<{ rows: number }[]>`select count(*)::int as rows from audit.${tx(partition)}`
  return row?.rows ?? 0
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const BUSY_CODES = {
  lockNotAvailable: '55P03',
  notInPrerequisiteState: '55000',
}

function falseIfBusy(error: unknown): false {
  const code = postgresErrorOf(error)?.code
  if (code !== undefined && Object.values(BUSY_CODES).includes(code)) return false
  throw error
}
