import type { TransactionSql } from 'postgres'
import type { AuditSigningKey } from '../../lib/audit/audit-keys.js'
import { signRecord } from '../../lib/audit/audit-records.js'
import type { Transactions } from '../driver/client.js'
import { postgresErrorOf } from '../driver/errors.js'
import { AFTER_THE_LOCK, readChainEnd, toSqlRow, tryLockChain } from './chain.js'

export type KeptPartitions = {
  /** How many partitions were made. */
  made: number
  /** The names of those that were dropped. */
  dropped: string[]
}

/**
 * Makes the partitions of the months ahead, and drops those that AUDIT_RETENTION_MONTHS lets go, each with a signed
 * record. A month with a row that is not sealed stays, and so does one that is in use just now: it is tried again next time.
 */
export async function keepAuditPartitions(
  sql: Transactions,
  key: AuditSigningKey | undefined,
): Promise<KeptPartitions> {
  const { made, expired } = await sql.begin(AFTER_THE_LOCK, makePartitions)
  const dropped: string[] = []
  if (key) {
    for (const name of expired) {
      if (await dropPartition(sql, key, name).catch(unlessItMustWait)) dropped.push(name)
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
  sql.begin(AFTER_THE_LOCK, async (tx) => {
    if (!(await tryLockChain(tx))) return false
    // A large month takes long to count.
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
const MUST_WAIT = {
  lockNotAvailable: '55P03',
  notInPrerequisiteState: '55000',
}

function unlessItMustWait(error: unknown): false {
  const code = postgresErrorOf(error)?.code
  if (code !== undefined && Object.values(MUST_WAIT).includes(code)) return false
  throw error
}
